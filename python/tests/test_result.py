"""Results files of the command, read back."""
import h5py
import numpy as np

from support import Case, basin, make_net, needs_basin, problem
from basin.result import VERSION


class Files(Case):
    def test_what_is_no_result(self):
        with h5py.File(self.folder / "a.h5", "w") as f:
            f.attrs.update(format="basin data", version=1, complete=1)
        with self.fails("a.h5: expected format «basin result», file has «basin data»"):
            basin.load_result(self.folder / "a.h5")
        with h5py.File(self.folder / "b.h5", "w") as f:
            f.attrs.update(format="basin result", version=VERSION)
        with self.fails("b.h5: not complete"):
            basin.load_result(self.folder / "b.h5")
        with h5py.File(self.folder / "c.h5", "w") as f:
            f.attrs.update(format="basin result", version=VERSION + 1, complete=1)
        with self.fails(f"c.h5: version {VERSION + 1}, this package knows {VERSION}"):
            basin.load_result(self.folder / "c.h5")
        with h5py.File(self.folder / "e.h5", "w") as f:
            f.attrs.update(format="basin result", version=1, complete=1)
        with self.fails(f"e.h5: version 1, this package knows {VERSION}"):
            basin.load_result(self.folder / "e.h5")
        (self.folder / "d.h5").write_text("no HDF5")
        for name in ("d.h5", "none.h5"):
            with self.fails(f"{name}: cannot be read as a result"):
                basin.load_result(self.folder / name)


@needs_basin
class Results(Case):
    def setUp(self):
        super().setUp()
        self.path = basin.save_checkpoint(self.folder / "a.h5", make_net(), loss="cross_entropy", train=problem(), test=problem(seed=1))

    def result(self, command, *arguments):
        out = self.folder / f"{command}.h5"
        self.json = self.basin(command, self.path, *arguments, "-o", out, "--json")
        return basin.load_result(out)

    def test_a_spectrum(self):
        result = self.result("spectrum", "--method", "dense")
        self.assertEqual((result.kind, result.method, result.converged), ("spectrum", "dense", True))
        np.testing.assert_array_equal(result.eigenvalues, self.json["eigenvalues"])
        self.assertEqual(result["loss"], self.json["loss"])
        self.assertEqual(result.stationarity.threshold, 0.01)
        self.assertEqual(result.provenance.precision, "double")
        self.assertEqual(list(result.provenance.arguments)[0], "spectrum")
        with self.assertRaisesRegex(AttributeError, "no «nothing» here; there are kind"):
            result.nothing

    def test_a_plane(self):
        result = self.result("slice", "--along", "gradient", "--grid", "5", "--along", "random:1", "--grid", "3")
        self.assertEqual([axis.direction for axis in result.axes], ["gradient", "random:1"])
        self.assertEqual([surface.split for surface in result.surfaces], ["train", "test"])
        self.assertEqual(result.surfaces[0].loss.shape, (3, 5))
        np.testing.assert_array_equal(result.surfaces[0].loss, self.json["surfaces"][0]["loss"])
        np.testing.assert_array_equal(result.axes[0].coordinates, np.linspace(-1, 1, 5))
