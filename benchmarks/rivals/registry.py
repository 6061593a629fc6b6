"""Every rival, by the word that stands for it on a command line."""

from .banditpylib import BanditPyLib
from .coba import Coba
from .contextualbandits import ContextualBandits
from .mabwiser import MABWiser, MABWiserBatch
from .obp import OpenBanditPipeline
from .plain_numpy import PlainNumPy
from .plain_python import PlainPython
from .pybandits import PyBandits
from .rival import Rival
from .river import River
from .smpybandits import SMPyBandits


def key(rival: type[Rival]) -> str:
    """Its name in lower case, with hyphens."""
    return "-".join(rival.name.lower().replace(",", "").split())


RIVALS: dict[str, type[Rival]] = {
    key(rival): rival
    for rival in (
        River,
        MABWiser,
        MABWiserBatch,
        SMPyBandits,
        Coba,
        ContextualBandits,
        BanditPyLib,
        PyBandits,
        OpenBanditPipeline,
        PlainPython,
        PlainNumPy,
    )
}
