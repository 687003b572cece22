/* A program that has a zstd of its own and a Rust library of its own: linking libtracer.a beside them
 * changes neither. */
#include <stdio.h>
#include <stddef.h>
#include <tracer.h>

int beside_rust(int);
size_t ZSTD_compress(void *to, size_t room, const void *from, size_t size, int level);
unsigned ZSTD_versionNumber(void);

size_t ZSTD_compress(void *to, size_t room, const void *from, size_t size, int level) {
    (void)to, (void)room, (void)from, (void)size, (void)level;
    return 42;
}

unsigned ZSTD_versionNumber(void) { return 1; }

int main(void) {
    tracer_span span = tracer_span_begin("beside");
    int answer = beside_rust(0); /* panics inside and says 7 */
    tracer_span_finish(span);
    printf("%d %u\n", answer, ZSTD_versionNumber());
    return answer == 7 && ZSTD_versionNumber() == 1 && ZSTD_compress(NULL, 0, NULL, 0, 0) == 42 ? 0 : 1;
}
