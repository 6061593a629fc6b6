"""The addresses of the engine's random streams and the numbers there, in plain Python with whole numbers."""

WORD = 2**64


def mixed(key: int) -> int:
    key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    key = (key ^ (key >> 27)) * 0x94D049BB133111EB % WORD
    return key ^ (key >> 31)


def of_pull(key: int, pull: int) -> int:
    return mixed((key + 0xD1342543DE82EF95 * (pull + 1)) % WORD)


def of_arm(key: int, arm: int) -> int:
    return (key + 0xDA942042E4DD58B5 * (arm + 1)) % WORD


def unit(key: int) -> float:
    return (mixed(key) >> 11) / 2.0**53
