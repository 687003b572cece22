"""A Flask application for gunicorn; the provider is made at import, before or after the fork."""

import os
import time

from chosen import provider
from flask import Flask
from opentelemetry.instrumentation.flask import FlaskInstrumentor

app = Flask(__name__)
FlaskInstrumentor().instrument_app(app, tracer_provider=provider)
tracer = provider.get_tracer("shop")


@app.get("/order/<int:number>")
def order(number):
    with tracer.start_as_current_span(
        "load", attributes={"number": number, "pid": os.getpid()}
    ) as span:
        time.sleep(0.01)  # so that one worker is not enough
        return {"pid": os.getpid(), "span": span.get_span_context().span_id}
