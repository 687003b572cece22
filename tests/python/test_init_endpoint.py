"""Where `init` sends to, in which protocol, and who gets the key."""

import socket
import threading

import pytest
from listening import listening
from program import run

HTTP = "otel_exporter_otlp_protocol='http/protobuf'"


def key_of(request):
    return request[1]["x-api-key"]


def test_the_key_goes_to_the_endpoint_of_init_and_nowhere_else(server):
    with listening() as other:
        out = run(
            f"""
            import os
            import logging
            logging.basicConfig(level=logging.DEBUG)
            os.dup2(1, 2)
            import libtracer
            from libtracer.trace.export import BatchSpanProcessor, OTLPSpanExporter
            url, other = os.environ["URL"], os.environ["OTHER"]
            context = libtracer.init(otel_endpoint=url + "/", {HTTP}, api_key="s3cret")
            context.tracer_provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(other)))
            with libtracer.start_span("op"):
                pass
            libtracer.force_flush(5)
            libtracer.configure_tracing(endpoint=other + "/v1/traces", exporter="otlp")
            with libtracer.start_span("op"):
                pass
            libtracer.force_flush(5)
            print(context, vars(context), libtracer.stats(), context.tracer_provider.__dict__)
            """,
            URL=server.url,
            OTHER=other.url,
        )
    assert "s3cret" not in out
    assert {key_of(each) for each in server.requests} == {"s3cret"}
    assert {path for path, _, _ in server.requests} <= {"/v1/traces", "/v1/logs"}
    assert len(other.requests) >= 2
    assert {key_of(each) for each in other.requests} == {None}


def test_the_key_is_not_for_the_endpoint_of_opentelemetrys_variables(server):
    run(
        """
        import libtracer
        libtracer.init(api_key="s3cret")
        with libtracer.start_span("op"):
            pass
        """,
        OTEL_EXPORTER_OTLP_ENDPOINT=server.url,
    )
    assert server.requests
    assert {key_of(each) for each in server.requests} == {None}


def test_variables_name_endpoint_key_and_protocol(server):
    run(
        """
        import libtracer
        libtracer.init()
        with libtracer.start_span("op"):
            pass
        """,
        PATRONUS_OTEL_ENDPOINT=server.url,
        PATRONUS_OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        PATRONUS_API_KEY="from the environment",
        PATRONUS_API_URL="https://elsewhere.example",
    )
    assert {key_of(each) for each in server.requests} == {"from the environment"}


def test_a_key_that_no_header_can_carry_is_not_shown():
    out = run("""
    import libtracer
    try:
        libtracer.init(otel_endpoint="http://127.0.0.1:9", api_key="s3cret\\nkey")
    except libtracer.ConfigError as error:
        print(error, repr(error))
    """)
    assert "x-api-key" in out
    assert "s3cret" not in out


def test_after_another_configuration_the_endpoint_is_one_more(server):
    run(
        f"""
        import os
        import libtracer
        libtracer.configure_tracing("first", exporter="none")
        libtracer.init(service="second", otel_endpoint=os.environ["URL"], {HTTP}, api_key="k")
        with libtracer.start_span("op"):
            pass
        assert libtracer.force_flush(5)
        """,
        URL=server.url,
    )
    assert server.requests
    assert {key_of(each) for each in server.requests} == {"k"}


@pytest.mark.parametrize(
    ("environment", "first"),
    [
        ({}, b"PRI * HTTP/2"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, b"POST /v1/"),
        ({"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "http/protobuf"}, b"POST /v1/"),
        (
            {
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            },
            b"PRI * HTTP/2",
        ),
        (
            {
                "PATRONUS_OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
            },
            b"POST /v1/",
        ),
    ],
)
def test_grpc_unless_something_says_otherwise(environment, first):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        heard = []

        def listen():
            connection, _ = listening.accept()
            with connection:
                heard.append(connection.recv(12))

        thread = threading.Thread(target=listen)
        thread.start()
        run(
            """
            import os
            import libtracer
            libtracer.init(otel_endpoint=os.environ["URL"])
            with libtracer.start_span("op"):
                pass
            libtracer.force_flush(1)
            """,
            URL=f"http://127.0.0.1:{listening.getsockname()[1]}",
            OTEL_EXPORTER_OTLP_TIMEOUT="500",
            **environment,
        )
        thread.join()
    assert heard[0].startswith(first)
