import libtracer
from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

# Initialize the SDK
libtracer_context = libtracer.init(service="backend")

app = FastAPI(title="Backend Service")


@app.get("/hello/{name}")
async def hello_backend(name: str):
    return {"message": f"Hello {name} from Backend Service!", "service": "backend"}


# Instrument FastAPI after initialization
FastAPIInstrumentor.instrument_app(app, tracer_provider=libtracer_context.tracer_provider)

if __name__ == "__main__":
    import uvicorn

    uvicorn.run(app, host="0.0.0.0", port=8001)
