"""A Celery application over a broker of files; run as a program it sends what argv says."""

import os
import sys
import time

from celery import Celery
from chosen import provider
from opentelemetry.instrumentation.celery import CeleryInstrumentor

folder = os.environ["BROKER_FOLDER"]
transport = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": folder}
app = Celery("tasks", broker="filesystem://")
app.conf.update(broker_transport_options=transport, worker_hijack_root_logger=False)
CeleryInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("orders")


@app.task
def ship(number):
    with tracer.start_as_current_span("pack", attributes={"number": number, "pid": os.getpid()}):
        time.sleep(0.01)  # so that one process is not enough
        return number


if __name__ == "__main__":
    with tracer.start_as_current_span("send"):
        for number in range(int(sys.argv[1])):
            ship.delay(number)
    provider.force_flush()
