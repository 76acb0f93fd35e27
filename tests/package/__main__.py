"""Whether what is released can be installed and used: ``python -m tests.package``.

The source distribution and the wheel of this checkout are built twice, compared byte by
byte, and checked by twine. The wheel is installed in an environment of its own, outside
the checkout and without any extra; there a small program of a user has to run, and mypy
--strict has to accept it by the types that the wheel ships.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

_ROOT = Path(__file__).parents[2]
_PROGRAM = Path(__file__).with_name("user_program.py")


def _run(*command, cwd):
    print("$", *(Path(each).name for each in map(str, command)), flush=True)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    subprocess.run(list(map(str, command)), cwd=cwd, check=True, env=environment)


def _build(source, target):
    """Digest of each file that is built."""
    _run(sys.executable, "-m", "build", "--outdir", target, source, cwd=target.parent)
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(target.iterdir())
    }


def main():
    with TemporaryDirectory() as name:
        folder = Path(name)
        builds = [folder / "first", folder / "second"]
        digests = [_build(_ROOT, build) for build in builds]
        if digests[0] != digests[1]:
            raise SystemExit(f"The same checkout made other files: {digests}")
        files = sorted(builds[0].iterdir())
        _run(sys.executable, "-m", "twine", "check", "--strict", *files, cwd=folder)
        (wheel,) = builds[0].glob("*.whl")

        venv.create(folder / "env", with_pip=True)
        bin_ = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
        _run(bin_ / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
        program = Path(shutil.copy(_PROGRAM, folder))
        _run(bin_ / "python", program.name, cwd=folder)
        types = [sys.executable, "-m", "mypy", "--python-executable", bin_ / "python"]
        # scikit-learn and SciPy have no types of their own
        options = ["--strict", "--config-file=", "--ignore-missing-imports"]
        _run(*types, *options, program.name, cwd=folder)
        for file, digest in digests[0].items():
            print(digest, file)


if __name__ == "__main__":
    main()
