"""A FastAPI program that knows nothing of tracing; it says what is loaded in it."""

import sys
import threading

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/item/{number}")
def item(number: int):
    return {
        "number": number,
        "modules": sorted(name for name in sys.modules if name.count(".") < 2),
        "threads": [thread.name for thread in threading.enumerate()],
    }


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]))
