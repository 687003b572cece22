"""Everything at once: threads, tasks, generators, finalizers, saved contexts, errors."""

from program import run


def test_a_busy_program_keeps_its_trees_and_its_account():
    out = run("""
    import asyncio, contextvars, gc, random, threading, time
    import libtracer
    from opentelemetry import baggage, context, trace

    libtracer.configure_tracing(exporter="none")
    gc.set_threshold(50)
    end = time.monotonic() + 2
    kept = []

    class Finalized:
        def __init__(self):
            self.cycle = self
        def __del__(self):
            with libtracer.start_span("finalizer"):
                pass

    @libtracer.traced
    def recurse(depth):
        Finalized()
        if depth > 3 and random.random() < 0.3:
            raise ValueError("x")
        return depth > 5 or recurse(depth + 1)

    @libtracer.traced
    def generate():
        for i in range(3):
            with libtracer.start_span("step"):
                yield i

    @libtracer.traced
    async def generate_later():
        for i in range(3):
            await asyncio.sleep(0)
            yield i

    async def task(n):
        while time.monotonic() < end:
            nested = {"n": n, "list": [1, {"a": Finalized()}]}
            with libtracer.start_span("task", attributes=nested) as span:
                await asyncio.sleep(0)
                assert trace.get_current_span() is span
                token = context.attach(baggage.set_baggage("n", n))
                try:
                    recurse(0)
                except ValueError as error:
                    span.record_exception(error)
                for _ in generate():
                    assert trace.get_current_span() is span
                async for i in generate_later():
                    if i and random.random() < 0.3:
                        break
                assert trace.get_current_span() is span
                assert baggage.get_baggage("n") == n
                context.detach(token)
                assert span.attributes["n"] == n
                if random.random() < 0.1:
                    kept.append((contextvars.copy_context(), span))
                if len(kept) > 50:
                    copied, held = kept.pop(0)
                    assert copied.run(trace.get_current_span) is held

    async def main():
        await asyncio.gather(*(task(n) for n in range(10)))

    threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept.clear()
    gc.collect()
    account = libtracer.stats()
    assert account["open"] == 0, account
    assert account["started"] == account["dropped_no_exporter"], account
    assert account["stale"] == account["panics"] == account["detach_order"] == 0, account
    print(account["started"])
    """)
    assert int(out) > 1_000
