"""How functions that only kernels call are compiled: to LLVM code without optimisation, and no further.

Numba optimises every function together with all that it calls, and makes machine code of it, before a caller does the
same again: a function at depth d of a kernel is optimised d times. Here inner functions stay plain LLVM code, which is
optimised once, in the kernel that they are linked into. This takes well under half of the time and changes no result.
"""

from typing import Any

from numba import _dynfunc  # type: ignore[attr-defined]
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering


class InnerLibrary(JITCodeLibrary):
    """LLVM code to be linked into kernels; it has no machine code of its own."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class InnerLowering(NativeLowering):
    """Lowers a function into an `InnerLibrary`."""

    _name = "inner_lowering"

    def run_pass(self, state: Any) -> bool:
        """As for other functions, but the function gets no address: Python never calls it."""
        state.library = InnerLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        state.flags.no_compile = True
        super().run_pass(state)
        lowered, library = state["cr"], state.library
        name = lowered.fndesc.qualname.split(".")[-1]
        entry = _dynfunc.make_function(lowered.fndesc.lookup_module(), name, "", 0, lowered.env, (library,))
        state.targetctx.insert_user_function(entry, lowered.fndesc, [library])
        state.reload_init.extend(library._reload_init)
        state["cr"] = lowered._replace(cfunc=entry)
        return True


class InnerCompiler(CompilerBase):
    """The usual passes, with `InnerLowering` in place of Numba's own."""

    def define_pipelines(self) -> list[Any]:
        """The one pipeline of functions without Python objects."""
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.passes = [(InnerLowering if step is NativeLowering else step, text) for step, text in passes.passes]
        passes.finalize()
        return [passes]
