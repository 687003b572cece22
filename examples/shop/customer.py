"""Asks the shop for some orders at once: `customer.py URL ID...`, in one trace with its answers."""

import asyncio
import sys

import httpx
import libtracer
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor


async def ask(client: httpx.AsyncClient, order: str) -> str:
    """Return what the shop says of an order; the client's span and its headers are httpx' own."""
    answer = await client.get(f"/orders/{order}")
    return f"{order}: {answer.status_code} {answer.text.strip()}"


@libtracer.traced
async def check_orders(url: str, orders: list[str]) -> list[str]:
    """Ask for all orders at once."""
    limits = httpx.Limits(max_connections=4)
    async with httpx.AsyncClient(base_url=url, limits=limits) as client:
        return await asyncio.gather(*(ask(client, order) for order in orders))


if __name__ == "__main__":
    libtracer.configure_tracing(service_name="customer")
    HTTPXClientInstrumentor().instrument()
    for line in asyncio.run(check_orders(sys.argv[1], sys.argv[2:])):
        print(line)
