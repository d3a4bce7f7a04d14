"""The examples of the package's README, word for word."""
import os
import re
import subprocess
import sys
from pathlib import Path

from support import BINARY, Case, basin, needs_basin


ROOT = Path(basin.__file__).resolve().parents[2]


class Readme(Case):
    def run_in_folder(self, arguments):
        """As a user would in a clone: with the package installed and the command on the PATH."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "PATH": os.pathsep.join([str(Path(BINARY).parent), os.environ["PATH"]])}
        run = subprocess.run(arguments, cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    @needs_basin
    def test_the_packages_examples(self):
        text = (ROOT / "python" / "README.md").read_text(encoding="utf-8")
        training, _, reading = re.findall(r"```python\n(.*?)```", text, re.S)
        commands = re.findall(r"^    basin (.*)$", text, re.M)[:3]
        self.run_in_folder([sys.executable, "-c", training])
        for command in commands:
            self.run_in_folder([BINARY, *command.split()])
        self.assertTrue((self.folder / "slice.pdf").exists())
        self.run_in_folder([BINARY, "spectrum", "runs/sgd_0/step_000200.h5", "-o", "spectrum.h5"])
        self.run_in_folder([sys.executable, "-c", f"import basin\n{reading}"])

    @needs_basin
    def test_from_a_training_script_to_a_comparison(self):
        """The section «From PyTorch» of the project's README, and the same conversion in the package's own."""
        (self.folder / "samples").symlink_to(ROOT / "samples")
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        section = text[text.index("## From PyTorch"):text.index("## From C")]
        script, = re.findall(r"```sh\n(.*?)```", section, re.S)
        package = (ROOT / "python" / "README.md").read_text(encoding="utf-8")
        conversion = next(code for code in re.findall(r"```python\n(.*?)```", package, re.S) if "basin.convert" in code)
        commands = script.replace("\\\n", " ").splitlines()
        self.assertEqual([c.split()[0] for c in commands], ["python3", "python3", "basin"])
        for command in commands:
            listed = self.run_in_folder(["sh", "-c", re.sub("^python3", f"'{sys.executable}'", command)])
            if "basin convert" in command:
                self.assertEqual(len(re.findall(r"epoch_\d+.h5, (sgd|sam|msam), step \d+, momentum$", listed, re.M)), 27, listed)
        self.assertTrue((self.folder / "build/pytorch/compare.pdf").exists())
        before = {p: p.read_bytes() for p in self.folder.glob("build/pytorch/converted/**/*.h5")}
        self.run_in_folder([sys.executable, "-c", conversion])
        self.assertEqual(len(before), 28)
        self.assertEqual(before, {p: p.read_bytes() for p in before})
