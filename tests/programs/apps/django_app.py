"""A Django project in one file."""

import os
import time

import django
from chosen import provider
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path
from opentelemetry.instrumentation.django import DjangoInstrumentor

settings.configure(ALLOWED_HOSTS=["*"], MIDDLEWARE=[], ROOT_URLCONF=__name__, SECRET_KEY="test")
DjangoInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("library")


def book(request, number):
    with tracer.start_as_current_span(
        "load", attributes={"number": number, "pid": os.getpid()}
    ) as span:
        time.sleep(0.01)  # so that one worker is not enough
        return JsonResponse({"pid": os.getpid(), "span": span.get_span_context().span_id})


urlpatterns = [path("book/<int:number>", book)]
django.setup()
app = get_wsgi_application()
