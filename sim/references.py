"""Named tuples of arrays that compiled functions pass on by reference.

Numba passes a tuple by value: a row of 60 arrays is 420 arguments of every function, which takes much of the time to
compile. A reference is one pointer; `reference.field` reads the field from memory, and gives a reference again where
the field is a named tuple. Functions need no change: they read fields by name in either case.
"""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba.core import cgutils, datamodel, imputils, types
from numba.core.typing import templates
from numba.extending import intrinsic

_types: Any = types  # Numba declares no types
_builders: Any = cgutils
_lowering: Any = imputils
_models: Any = datamodel.registry
_Primitive: Any = datamodel.models.PrimitiveModel
_Attributes: Any = templates.AttributeTemplate

_Tuple = TypeVar("_Tuple")


class Reference(_types.Type):  # type: ignore[misc]
    """The type of a pointer to a named tuple of type `target`, which its creator keeps alive."""

    def __init__(self, target: Any) -> None:
        self.target = target
        digest = hashlib.sha256(target.name.encode()).hexdigest()[:16]  # the name itself has thousands of letters
        super().__init__(f"Reference({target.instance_class.__name__}, {digest})")


@_models.register_default(Reference)
class _ReferenceModel(_Primitive):  # type: ignore[misc]
    def __init__(self, manager: Any, reference: Any) -> None:
        pointer = manager.lookup(reference.target).get_value_type().as_pointer()
        super().__init__(manager, reference, pointer)


def _by_reference(context: Any, value: Any) -> Any:  # noqa: ARG001 - Numba's signature
    """A reference to a named tuple; valid until the function that calls this one returns."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # Not as Numba lays out data: there a record lies in the tuple itself, here is a pointer to it.
        pointer = _builders.alloca_once(builder, context.get_value_type(signature.args[0]))
        builder.store(arguments[0], pointer)
        return pointer

    return Reference(value)(value), build


by_reference: Callable[[_Tuple], _Tuple] = cast(Any, intrinsic(_by_reference))


@templates.infer_getattr
class _ReferenceFields(_Attributes):  # type: ignore[misc]
    key = Reference

    def generic_resolve(self, reference: Any, name: str) -> Any:
        if name not in reference.target.fields:
            return None
        return _field_type(reference.target, name)[1]


@_lowering.lower_getattr_generic(Reference)  # type: ignore[untyped-decorator]
def _read_field(context: Any, builder: Any, reference: Any, pointer: Any, name: str) -> Any:
    place, field = _field_type(reference.target, name)
    address = _builders.gep_inbounds(builder, pointer, 0, place)
    if isinstance(field, Reference):
        return address
    return _lowering.impl_ret_borrowed(context, builder, field, builder.load(address))


def _field_type(target: Any, name: str) -> tuple[int, Any]:
    """(position, type) of a field; the type is a reference for a named tuple."""
    place = target.fields.index(name)
    field = target.types[place]
    return place, Reference(field) if isinstance(field, _types.BaseNamedTuple) else field
