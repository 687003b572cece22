#define _POSIX_C_SOURCE 200809L
#include "sink.h"

#include "otlp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct sink {
    int listener, port;
    bool silent;
    pthread_mutex_t lock;
    size_t spans, requests;
};

struct connection {
    sink *sink;
    int socket;
};

static bool read_all(int socket, char *into, size_t len) {
    while (len > 0) {
        ssize_t got = read(socket, into, len);
        if (got <= 0) {
            return false;
        }
        into += got;
        len -= (size_t)got;
    }
    return true;
}

/* Reads up to the empty line; returns the length of the body, or -1 when the connection has ended. */
static long read_head(int socket) {
    char line[2048];
    size_t used = 0;
    long body = 0;
    for (char byte; read_all(socket, &byte, 1);) {
        if (byte == '\n') {
            line[used] = '\0';
            if (used == 0) {
                return body;
            }
            if (strncasecmp(line, "content-length:", 15) == 0) {
                body = strtol(line + 15, NULL, 10);
            }
            used = 0;
        } else if (byte != '\r' && used < sizeof line - 1) {
            line[used++] = byte;
        }
    }
    return -1;
}

static void *serve(void *argument) {
    struct connection *connection = argument;
    sink *sink = connection->sink;
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
    for (long len; (len = read_head(connection->socket)) >= 0;) {
        char *body = malloc((size_t)len + 1);
        if (body == NULL || !read_all(connection->socket, body, (size_t)len)) {
            free(body);
            break;
        }
        size_t spans = count_spans((const uint8_t *)body, (size_t)len);
        free(body);
        if (sink->silent) {
            continue;
        }
        pthread_mutex_lock(&sink->lock);
        sink->spans += spans;
        sink->requests++;
        pthread_mutex_unlock(&sink->lock);
        if (write(connection->socket, answer, sizeof answer - 1) < 0) {
            break;
        }
    }
    close(connection->socket);
    free(connection);
    return NULL;
}

static void *listen_on(void *argument) {
    sink *sink = argument;
    for (int socket; (socket = accept(sink->listener, NULL, NULL)) >= 0;) {
        struct connection *connection = malloc(sizeof *connection);
        pthread_t thread;
        if (connection == NULL) {
            break;
        }
        connection->sink = sink;
        connection->socket = socket;
        if (pthread_create(&thread, NULL, serve, connection) == 0) {
            pthread_detach(thread);
        }
    }
    return NULL;
}

sink *sink_start(bool silent) {
    sink *made = calloc(1, sizeof *made);
    struct sockaddr_in address = {0};
    socklen_t len = sizeof address;
    pthread_t thread;
    if (made == NULL) {
        abort();
    }
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    made->silent = silent;
    made->listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_mutex_init(&made->lock, NULL);
    if (bind(made->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(made->listener, 64) != 0 ||
        getsockname(made->listener, (struct sockaddr *)&address, &len) != 0 ||
        pthread_create(&thread, NULL, listen_on, made) != 0) {
        perror("sink");
        abort();
    }
    pthread_detach(thread);
    made->port = ntohs(address.sin_port);
    return made;
}

int sink_port(const sink *sink) { return sink->port; }

size_t sink_spans(sink *sink) {
    pthread_mutex_lock(&sink->lock);
    size_t spans = sink->spans;
    pthread_mutex_unlock(&sink->lock);
    return spans;
}

size_t sink_requests(sink *sink) {
    pthread_mutex_lock(&sink->lock);
    size_t requests = sink->requests;
    pthread_mutex_unlock(&sink->lock);
    return requests;
}

void sink_stop(sink *sink) { shutdown(sink->listener, SHUT_RDWR); }

void sink_environment(int port) {
    char endpoint[64];
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", port);
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, 1);
}
