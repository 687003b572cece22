import httpx
import libtracer
from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

# Initialize the SDK with HTTPX instrumentation
libtracer_context = libtracer.init(
    service="gateway",
    integrations=[
        HTTPXClientInstrumentor(),
    ],
)

app = FastAPI(title="Gateway Service")


@app.get("/hello/{name}")
async def hello_gateway(name: str):
    # This HTTP call will automatically propagate trace context
    async with httpx.AsyncClient() as client:
        response = await client.get(f"http://localhost:8001/hello/{name}")
        backend_data = response.json()

    return {
        "gateway_message": f"Gateway received request for {name}",
        "backend_response": backend_data,
    }


# Instrument FastAPI after initialization
FastAPIInstrumentor.instrument_app(app, tracer_provider=libtracer_context.tracer_provider)

if __name__ == "__main__":
    import uvicorn

    uvicorn.run(app, host="0.0.0.0", port=8000)
