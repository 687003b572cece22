"""Frameworks that look at signatures and kinds of functions take traced ones."""

import asyncio
from collections.abc import Iterator

import click
import fastapi
import httpx
import libtracer
import pydantic
import pytest
from click.testing import CliRunner
from libtracer import get_current_span
from libtracer.testing import Capturing, capture


@pytest.fixture
def captured() -> Iterator[Capturing]:
    libtracer.configure_tracing(service_name="tests", exporter="none")
    with capture() as spans:
        yield spans
    libtracer.shutdown()


def names(captured):
    """Of all spans but those that FastAPI makes of its own accord."""
    return [span.name for span in captured.spans if span.instrumentation_scope.name != "fastapi"]


def test_fastapi_handlers_and_dependencies(captured):
    app = fastapi.FastAPI()

    @libtracer.traced
    async def dependency(limit: int = 5):
        yield limit
        assert get_current_span().name.endswith("dependency")

    @app.get("/items/{item}")
    @libtracer.traced
    async def read(item: int, limit: int = fastapi.Depends(dependency)) -> dict[str, int]:
        return {"item": item, "limit": limit, "current": get_current_span().name == "read"}

    @app.post("/sync")
    @libtracer.traced("sync")
    def write(text: str = fastapi.Body(embed=True)):
        return [text, get_current_span().name]

    async def asks():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
            found = await http.get("/items/3?limit=4")
            assert found.json() == {"item": 3, "limit": 4, "current": 1}
            assert (await http.get("/items/x")).status_code == 422
            assert (await http.post("/sync", json={"text": "t"})).json() == ["t", "sync"]
            return (await http.get("/openapi.json")).json()["paths"]

    shown = asyncio.run(asks())
    assert [each["name"] for each in shown["/items/{item}"]["get"]["parameters"]] == [
        "item",
        "limit",
    ]
    assert sorted(names(captured)) == ["dependency", "dependency", "read", "sync"]


def test_click_commands(captured):
    @click.command()
    @click.argument("name")
    @click.option("--times", default=1)
    @libtracer.traced
    def greet(name, times):
        """Greets."""
        click.echo(f"hello {name} " * times)

    result = CliRunner().invoke(greet, ["you", "--times", "2"])
    assert result.output == "hello you hello you \n"
    assert "Greets." in CliRunner().invoke(greet, ["--help"]).output
    assert names(captured) == ["greet"]


def test_pydantic_models_and_validated_calls(captured):
    class Model(pydantic.BaseModel):
        x: int

        @libtracer.traced
        def double(self) -> int:
            return self.x * 2

        @pydantic.field_validator("x")
        @classmethod
        @libtracer.traced
        def positive(cls, value):
            return abs(value)

        @pydantic.computed_field
        @property
        @libtracer.traced
        def shown(self) -> str:
            return str(self.x)

    @pydantic.validate_call
    @libtracer.traced
    def add(a: int, b: int = 1) -> int:
        return a + b

    assert Model(x=-2).double() == 4
    assert Model(x=1).model_dump() == {"x": 1, "shown": "1"}
    assert add("2") == 3
    assert names(captured) == [
        "Model.positive",
        "Model.double",
        "Model.positive",
        "Model.shown",
        "add",
    ]
