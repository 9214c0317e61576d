"""Hooks of Schemathesis: some of what it makes up is exchanged for things that are there, some for values that have broken programs before.

FUZZ_THINGS is a JSON object: the name of a parameter or of a field of a body, alone or after that of the operation (`diff.a`), to values that are
real. FUZZ_BODIES: the operation to whole bodies that are taken. FUZZ_FILES: the operation to the path of a file that its body could be.
"""

import json
import os
from collections import Counter
from zlib import crc32

import schemathesis

THINGS = json.loads(os.environ["FUZZ_THINGS"])
FILES = {name: open(path, "rb").read() for name, path in json.loads(os.environ["FUZZ_FILES"]).items()}

HOSTILE_TEXTS = [
    "\0",
    "a\0b",
    "../../../etc/passwd",
    "..\\..\\x",
    "__proto__",
    "constructor",
    "toString",
    "'; drop table run; --",
    "%",
    "%00",
    "x" * 3000,
    "\u202e\u0000\ufeff",
    "\U0001d54f\U0010ffff",
    "e\u0301\u0300" * 50,
    "NaN",
    "1e300",
    "-1e300",
    "8640000000000001",
    "-8640000000000001",
    "9007199254740993",
    "0x10",
    "\u0663",
    "1" * 400,
]
HOSTILE_NUMBERS = [1e308, -1e308, 5e-324, 2**53 + 1, -(2**63), 8.64e15, -8.64e15, 8.64e15 + 2, 1e21, 0.1, -1, 0]


BODIES = json.loads(os.environ["FUZZ_BODIES"])
CALLS = Counter()


def number_of(operation, value):
    """The same for the same value at the same place of the operation's calls, so that a run can be had again."""
    CALLS[operation] += 1
    return crc32(f"{operation} {CALLS[operation]} {value!r}".encode("utf-8", "replace"))


def hostile(value, number):
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return HOSTILE_NUMBERS[number % len(HOSTILE_NUMBERS)]
    # Half a character, which only JSON can say.
    return "\ud800" if number % 29 == 0 else HOSTILE_TEXTS[number % len(HOSTILE_TEXTS)]


def exchanged(operation, values, in_address):
    if not isinstance(values, dict):
        return values
    number = number_of(operation, values)
    mapped = dict(values)
    for place, (name, value) in enumerate(sorted(values.items(), key=lambda pair: str(pair[0]))):
        things = THINGS.get(f"{operation}.{name}", THINGS.get(name))
        turn = (number >> (place % 8)) % 8
        if things and turn < 5:
            mapped[name] = things[(number >> 3) % len(things)]
        elif turn == 5 and isinstance(value, (str, int, float)):
            new = hostile(str(value) if in_address else value, number >> 4)
            # An address is made of bytes: half a character cannot be in it, and of a path a whole segment must be there.
            mapped[name] = value if in_address and new == "\ud800" else new
    return mapped


def operation_of(context):
    return context.operation.definition.raw.get("operationId") if context.operation else None


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    mapped = exchanged(operation_of(context), path_parameters, True)
    # A prediction service that is made up would hold up whoever waits for all of them.
    if operation_of(context) == "synchronise" and mapped:
        mapped["predictor"] = THINGS["predictor"][0]
    return mapped


@schemathesis.hook
def map_query(context, query):
    mapped = exchanged(operation_of(context), query, True)
    # Nobody waits for a run, or follows a log, for a minute.
    if mapped and operation_of(context) == "run":
        mapped.pop("waitMs", None)
    if mapped and operation_of(context) == "stepLog":
        mapped.pop("follow", None)
    return mapped


@schemathesis.hook
def map_body(context, body):
    operation = operation_of(context)
    if operation in FILES:
        file = FILES[operation]
        number = number_of(operation, body)
        at = number % len(file)
        return [body, file, file[:at], file[:at] + b"\xff" + file[at + 1 :], file + b"\0", file[at:]][number % 6]
    if not isinstance(body, dict):
        return body
    bodies = BODIES.get(operation)
    number = number_of(operation, body)
    if bodies and number % 3 == 0:
        return bodies[(number >> 3) % len(bodies)]
    mapped = exchanged(operation, body, False)
    if operation == "synchronise":
        mapped["waitMs"] = 10
        if isinstance(mapped.get("address"), str):
            mapped["address"] = THINGS["address"][0]
        if isinstance(mapped.get("clock"), (int, float)):
            mapped["clock"] = THINGS["clock"][0]
    if operation == "startRun" and "wait" in mapped:
        mapped["wait"] = False
    # Nothing is written to, or looked for in, folders of the machine of who tests.
    for name in ("dir", "repairFrom"):
        if isinstance(mapped.get(name), str):
            mapped[name] = THINGS["dir"][0]
    if operation == "runScript" and isinstance(mapped.get("command"), list) and mapped["command"]:
        # What it makes up is not started on the machine of who tests.
        mapped["command"] = ["echo", *mapped["command"][1:]]
    return mapped
