"""A SavedModel in TensorFlow's C++ runtime, through its C API and ctypes: no Python of TensorFlow.

Run as a script in a process of its own: a plan comes in on standard input, as JSON, and answers go
out. A string tensor is a list of hexadecimal strings, any other a list of numbers.
"""

import ctypes
import json
import math
import sys
import threading
from ctypes import c_char_p, c_int, c_int64, c_size_t, c_void_p

# TF_DataType, and the type of an element.
NUMBERS = {1: ctypes.c_float, 3: ctypes.c_int32, 9: ctypes.c_int64}
STRING, STRING_BYTES = 7, 24  # sizeof(TF_TString)


class Output(ctypes.Structure):
    _fields_ = [("operation", c_void_p), ("index", c_int)]


class Runtime:
    def __init__(self, libraries, op_libraries):
        for path in libraries[:-1]:
            ctypes.CDLL(path, ctypes.RTLD_GLOBAL)
        self.tf = ctypes.CDLL(libraries[-1], ctypes.RTLD_GLOBAL)
        for name in (
            "TF_NewStatus",
            "TF_NewGraph",
            "TF_NewSessionOptions",
            "TF_LoadLibrary",
            "TF_LoadSessionFromSavedModel",
            "TF_GraphOperationByName",
            "TF_AllocateTensor",
            "TF_TensorData",
        ):
            getattr(self.tf, name).restype = c_void_p
        self.tf.TF_Message.restype = c_char_p
        self.tf.TF_Dim.restype = c_int64
        self.tf.TF_StringGetSize.restype = c_size_t
        self.tf.TF_StringGetDataPointer.restype = c_void_p
        for path in op_libraries:
            self.call("TF_LoadLibrary", c_char_p(path.encode()))

    def call(self, function, *arguments):
        """Calls a function whose last argument is a status, and raises what that says."""
        status = c_void_p(self.tf.TF_NewStatus())
        result = getattr(self.tf, function)(*arguments, status)
        code, message = self.tf.TF_GetCode(status), self.tf.TF_Message(status).decode()
        self.tf.TF_DeleteStatus(status)
        if code:
            raise RuntimeError(f"{function}: {code} {message}")
        return result

    def load(self, folder):
        self.graph = c_void_p(self.tf.TF_NewGraph())
        options = c_void_p(self.tf.TF_NewSessionOptions())
        tags = (c_char_p * 1)(b"serve")
        self.session = c_void_p(
            self.call(
                "TF_LoadSessionFromSavedModel",
                *(options, None, c_char_p(folder.encode()), tags, 1, self.graph, None),
            )
        )

    def output(self, name):
        """`"operation:index"` as the C API wants it."""
        operation, _, index = name.partition(":")
        found = self.tf.TF_GraphOperationByName(self.graph, c_char_p(operation.encode()))
        assert found, name
        return Output(found, int(index))

    def run(self, inputs, outputs):
        """Inputs name -> (type, shape, values), and names of outputs -> list of (shape, values)."""
        tensors = [self.tensor(*value) for value in inputs.values()]
        sources = (Output * len(inputs))(*map(self.output, inputs))
        fetched = (Output * len(outputs))(*map(self.output, outputs))
        answers = (c_void_p * len(outputs))()
        self.call(
            "TF_SessionRun",
            *(self.session, None, sources, (c_void_p * len(tensors))(*tensors), len(tensors)),
            *(fetched, answers, len(outputs), None, 0, None),
        )
        values = [self.values(c_void_p(answer)) for answer in answers]
        for tensor in (*tensors, *answers):
            self.tf.TF_DeleteTensor(c_void_p(tensor))
        return values

    def tensor(self, kind, shape, values):
        size = len(values) * (STRING_BYTES if kind == STRING else ctypes.sizeof(NUMBERS[kind]))
        dims = (c_int64 * len(shape))(*shape)
        tensor = self.tf.TF_AllocateTensor(kind, dims, len(shape), c_size_t(size))
        data = self.tf.TF_TensorData(c_void_p(tensor))
        if kind == STRING:
            for i, text in enumerate(map(bytes.fromhex, values)):
                place = c_void_p(data + STRING_BYTES * i)
                self.tf.TF_StringInit(place)
                self.tf.TF_StringCopy(place, text, c_size_t(len(text)))
        else:
            (NUMBERS[kind] * len(values)).from_address(data)[:] = values
        return tensor

    def values(self, tensor):
        shape = [self.tf.TF_Dim(tensor, i) for i in range(self.tf.TF_NumDims(tensor))]
        kind, count = self.tf.TF_TensorType(tensor), math.prod(shape)
        if not count:
            return shape, []
        data = self.tf.TF_TensorData(tensor)
        if kind != STRING:
            return shape, list((NUMBERS[kind] * count).from_address(data))
        strings = []
        for i in range(count):
            place = c_void_p(data + STRING_BYTES * i)
            start, size = self.tf.TF_StringGetDataPointer(place), self.tf.TF_StringGetSize(place)
            strings.append(ctypes.string_at(start, size).hex())
        return shape, strings


def resident_megabytes():
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def rounds(runtime, requests, threads, times):
    """All requests, by every thread at once, `times` times; wrong answers and memory after each."""
    expected = [runtime.run(*request) for request in requests]
    wrong, memory = [], []

    def work():
        for request, answer in zip(requests, expected, strict=True):
            found = runtime.run(*request)
            wrong.extend(a for a, b in zip(found, answer, strict=True) if a != b)

    for _ in range(times):
        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        memory.append(resident_megabytes())
    return len(wrong), memory


def main():
    plan = json.load(sys.stdin)
    runtime = Runtime(plan["libraries"], plan["op_libraries"])
    runtime.load(plan["folder"])
    answers = [runtime.run(*request) for request in plan["requests"]]
    wrong, memory = rounds(runtime, plan["load"], 8, 4)
    python = {name.partition(".")[0] for name in sys.modules} & {"tensorflow", "keras", "zoo"}
    json.dump({"answers": answers, "wrong": wrong, "memory": memory, "python": list(python)},
              sys.stdout)  # fmt: skip


if __name__ == "__main__":
    main()
