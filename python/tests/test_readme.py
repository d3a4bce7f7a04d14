"""The examples of the package's README, word for word."""
import re
import subprocess
import sys
from pathlib import Path

from support import BINARY, Case, basin, needs_basin


class Readme(Case):
    @needs_basin
    def test_the_examples(self):
        package = Path(basin.__file__).resolve().parents[1]
        text = (package / "README.md").read_text(encoding="utf-8")
        training, reading = re.findall(r"```python\n(.*?)```", text, re.S)
        commands = re.findall(r"^    basin (.*)$", text, re.M)[:3]
        self.run_in_folder([sys.executable, "-c", f"import sys; sys.path.insert(0, {str(package)!r})\n{training}"])
        for command in commands:
            self.run_in_folder([BINARY, *command.split()])
        self.assertTrue((self.folder / "slice.pdf").exists())
        self.run_in_folder([BINARY, "spectrum", "runs/sgd_0/step_000200.h5", "-o", "spectrum.h5"])
        self.run_in_folder([sys.executable, "-c", f"import sys; sys.path.insert(0, {str(package)!r})\nimport basin\n{reading}"])

    def run_in_folder(self, arguments):
        run = subprocess.run(arguments, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        self.assertEqual(run.returncode, 0, run.stderr)
