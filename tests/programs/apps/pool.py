"""Work in a pool of processes, started as argv says."""

import multiprocessing
import os
import sys

from chosen import provider
from opentelemetry.propagate import extract, inject

tracer = provider.get_tracer("pool")


def square(number, carrier):
    attributes = {"number": number, "pid": os.getpid()}
    with tracer.start_as_current_span("square", context=extract(carrier), attributes=attributes):
        return number * number


if __name__ == "__main__":
    method, count = sys.argv[1], int(sys.argv[2])
    with tracer.start_as_current_span("all"):
        carrier = {}
        inject(carrier)
        with multiprocessing.get_context(method).Pool(3) as pool:
            pool.starmap(square, [(number, carrier) for number in range(count)])
            pool.close()
            pool.join()
