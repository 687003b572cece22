"""Two FastAPI services, connected by httpx: the example as users write it, in one trace."""

import json
import sys

import pytest
from running import APPS, free_port, get, tree

TRACE = """\
gateway: GET /hello/{name} (2)
  gateway: GET (3)
    backend: GET /hello/{name} (2)
      backend: GET /hello/{name} http send (1)
      backend: GET /hello/{name} http send (1)
  gateway: GET /hello/{name} http send (1)
  gateway: GET /hello/{name} http send (1)""".splitlines()


def copied(surroundings, name, ports):
    """The program with ports that are free; nothing else is changed."""
    text = (APPS / name).read_text()
    for written, free in ports.items():
        text = text.replace(str(written), str(free))
    path = surroundings.folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("requests", [1, 20])
def test_two_services_are_in_one_trace(surroundings, requests):
    ports = {8000: free_port(), 8001: free_port()}
    backend = copied(surroundings, "service_backend.py", ports)
    gateway = copied(surroundings, "service_gateway.py", ports)
    with (
        surroundings.serving(sys.executable, backend, port=ports[8001]),
        surroundings.serving(sys.executable, gateway, port=ports[8000]),
    ):
        probes = surroundings.wait_for(6)  # the two requests that found the services ready
        for number in range(requests):
            answer = json.loads(get(f"http://127.0.0.1:{ports[8000]}/hello/world{number}"))
            assert answer == {
                "gateway_message": f"Gateway received request for world{number}",
                "backend_response": {
                    "message": f"Hello world{number} from Backend Service!",
                    "service": "backend",
                },
            }
        spans = surroundings.wait_for(len(probes) + requests * len(TRACE))
    known = {span.trace_id for span in probes}
    traces = {}
    for span in spans:
        if span.trace_id not in known:
            traces.setdefault(span.trace_id, []).append(span)
    assert [tree(trace) for trace in traces.values()] == [TRACE] * requests
