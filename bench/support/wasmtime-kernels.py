"""Runs kernels in wasmtime as they are, with epochs, and with fuel.

Takes lines of JSON: {"load": path} gives {}; {"run": how, "n": n} gives {"result": i32, "ms": time}.
"""

import json
import sys
import threading
import time

import wasmtime

EPOCH_SECONDS = 0.01
FAR = 2**62


def engine(how):
    config = wasmtime.Config()
    config.epoch_interruption = how == "epoch"
    config.consume_fuel = how == "fuel"
    return wasmtime.Engine(config)


def tick(ticking):
    while True:
        time.sleep(EPOCH_SECONDS)
        ticking.increment_epoch()


def load(how, path):
    store = wasmtime.Store(engines[how])
    if how == "epoch":
        store.set_epoch_deadline(FAR)
    if how == "fuel":
        store.set_fuel(FAR)
    instance = wasmtime.Instance(store, wasmtime.Module.from_file(engines[how], path), [])
    return store, instance.exports(store)["run"]


engines = {how: engine(how) for how in ("plain", "epoch", "fuel")}
threading.Thread(target=tick, args=(engines["epoch"],), daemon=True).start()
loaded = {}
for line in sys.stdin:
    request = json.loads(line)
    answer = {}
    if "load" in request:
        loaded = {how: load(how, request["load"]) for how in engines}
    else:
        store, run = loaded[request["run"]]
        start = time.perf_counter()
        answer["result"] = run(store, request["n"])
        answer["ms"] = (time.perf_counter() - start) * 1000
    print(json.dumps(answer), flush=True)
