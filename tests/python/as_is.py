"""What a program sees of a call, to compare a traced one with an untraced one."""

import functools
import traceback

import libtracer


def shape(error):
    """What a program can see of an exception: type, text, lines, chain."""
    if error is None:
        return None
    lines = [(frame.name, frame.line) for frame in traceback.extract_tb(error.__traceback__)]
    chain = (shape(error.__cause__), shape(error.__context__), error.__suppress_context__)
    return type(error), str(error), lines, chain


def outcome(run):
    """The result of a call, or what it raised."""
    try:
        return run()
    except BaseException as error:
        return shape(error)


def same(scenario):
    """Run the scenario untraced and traced."""
    plain = outcome(functools.partial(scenario, lambda function: function))
    assert outcome(functools.partial(scenario, libtracer.traced)) == plain
    return plain
