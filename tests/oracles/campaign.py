"""What campaigns of changed evidence share, before a verifier of ours and a second one: where the evidence lies, how
many pieces are changed, and the random numbers by which.

    TEE, COUNT, SEED, R = campaign.begin("snp", count=100)
"""
import os
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
OK, REFUSED = 0, 7  # of enum vch_code


def skip(why):
    print(f"SKIP: {why}")
    sys.exit(77)


def begin(needed, count):
    """The folder tee/ of ../shared/data or $VOUCH_DATA, which has to have that one in it; --count or `count`; VCH_SEED
    or a seed of its own; the numbers that grow from it."""
    data = pathlib.Path(os.environ.get("VOUCH_DATA", ROOT / "../shared/data")).resolve()
    flags = dict(a[2:].split("=") for a in sys.argv[1:] if a.startswith("--"))
    seed = int(os.environ.get("VCH_SEED", random.SystemRandom().randrange(2**32)))
    if not (data / "tee" / needed).is_dir():
        skip(f"no tee/{needed} in ../shared/data or $VOUCH_DATA")
    return data / "tee", int(flags.get("count", count)), seed, random.Random(seed)


def find_oracles(tee):
    """So that modules of the folder oracles beside the data can be imported, which look for the data there too."""
    os.environ["VOUCH_DATA"] = str(tee.parent)
    sys.path.insert(0, str(tee.parents[1] / "oracles/attest"))
