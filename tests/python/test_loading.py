"""Which libtracer.so.1 the extension takes, and what it says about one that does not fit."""

import shutil
import subprocess
import sys

import libtracer
import pytest
from program import run

needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None or sys.platform != "linux", reason="needs cc on Linux"
)


def test_a_copy_that_is_loaded_already_is_shared(tmp_path):
    copy = tmp_path / "libtracer.so.1"
    shutil.copy(libtracer.get_library(), copy)
    run(f"""
    import ctypes
    library = ctypes.CDLL({str(copy)!r})
    import libtracer
    assert libtracer.get_library() == {str(copy)!r}
    library.tracer_is_configured.restype = ctypes.c_bool
    assert not library.tracer_is_configured()
    libtracer.configure_tracing(exporter="none")
    assert library.tracer_is_configured()
    """)


def test_without_one_the_packaged_copy_is_loaded_for_all():
    run("""
    import libtracer, ctypes
    library = ctypes.CDLL("libtracer.so.1")
    libtracer.configure_tracing(exporter="none")
    library.tracer_is_configured.restype = ctypes.c_bool
    assert library.tracer_is_configured()
    """)


@needs_compiler
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", ["lacks tracer_table_get"]),
        ("void *tracer_table_get(unsigned v) { return 0; }", ["does not offer", "version 1"]),
        (
            "unsigned table[2] = {2, 4000}; void *tracer_table_get(unsigned v) { return table; }",
            ["version 2", "needs 1"],
        ),
        (
            "unsigned table[2] = {1, 16}; void *tracer_table_get(unsigned v) { return table; }",
            ["is older", "16 bytes"],
        ),
        (
            "unsigned table[2] = {1, 4000}; void *tracer_table_get(unsigned v) { return table; }",
            ["lacks tracer_"],
        ),
    ],
)
def test_a_library_that_does_not_fit_is_an_import_error_that_says_why(source, words, tmp_path):
    library = tmp_path / "libtracer.so.1"
    command = ["cc", "-shared", "-fPIC", "-Wl,-soname,libtracer.so.1", "-x", "c", "-"]
    subprocess.run([*command, "-o", str(library)], input=source, text=True, check=True)
    message = run(f"""
    import ctypes
    ctypes.CDLL({str(library)!r})
    try:
        import libtracer
    except ImportError as error:
        print(error)
    """)
    for word in words:
        assert word in message


def test_a_second_interpreter_gets_a_clear_error():
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    message = run(
        f"""
        import libtracer, {name} as interpreters
        second = interpreters.create()
        program = "try: import libtracer" + chr(10) + "except ImportError as e: print(e)"
        interpreters.run_string(second, program)
        """
    )
    assert "interpreter" in message


def test_the_extension_can_be_imported_anew():
    run("""
    import sys, gc, libtracer
    libtracer.configure_tracing(exporter="none")
    @libtracer.traced
    def old():
        return libtracer.get_current_span()
    with libtracer.start_span("old") as before:
        pass
    for name in [name for name in sys.modules if name.startswith("libtracer")]:
        del sys.modules[name]
    import libtracer as again
    assert again._native.Span is libtracer._native.Span
    with again.start_span("new") as after:
        assert old().parent_id == after.span_id
    del before, after
    gc.collect()
    """)
