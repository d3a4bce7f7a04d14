"""Results files of the command, read back."""
import base64
import csv
import html
import re
import subprocess
import sys
import unittest.mock

import h5py
import numpy as np

from support import BINARY, Case, basin, command, make_net, needs_basin, problem
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

    def test_tables_are_the_arrays(self):
        result = self.result("spectrum", "--method", "dense")
        table = result.tables()["eigenvalues"]
        self.assertEqual(list(table), ["eigenvalues", "residuals", "gaps", "multiplicity"])
        np.testing.assert_array_equal(table["eigenvalues"], self.json["eigenvalues"])
        line = self.result("slice", "--along", "gradient", "--grid", "5").tables()["values"]
        self.assertEqual(list(line), ["split", "s", "loss", "accuracy"])
        self.assertEqual(list(line["split"]), ["train"] * 5 + ["test"] * 5)
        np.testing.assert_array_equal(line["loss"][5:], self.json["surfaces"][1]["loss"][0])
        plane = self.result("slice", "--along", "gradient", "--grid", "5", "--along", "random:1", "--grid", "3").tables()["values"]
        for s, t, loss in list(zip(plane["s"], plane["t"], plane["loss"]))[:15]:  # of train, which comes first
            found = self.json["surfaces"][0]["loss"][self.json["axes"][1]["coordinates"].index(t)][self.json["axes"][0]["coordinates"].index(s)]
            self.assertEqual(loss, found)
        self.assertEqual(len(plane["loss"]), 2 * 5 * 3)

    def test_rows_keep_what_was_measured(self):
        result = self.track()
        table = result.tables()["rows"]
        self.assertEqual(list(table)[:6], ["run", "method", "seed", "step", "epoch", "point"])
        np.testing.assert_array_equal(table["lambda_max"], [row["measures"]["lambda_max"]["value"] for row in self.json["rows"]])
        self.assertIn("lambda_max.lower", table)
        self.assertNotIn("asam", table)  # was not asked for
        self.assertIn("asam", result.rows.measures)

    def track(self, *options):
        (self.folder / "run").mkdir(exist_ok=True)
        for step in (1, 2):
            basin.save_checkpoint(self.folder / "run" / f"{step}.h5", make_net(), loss="cross_entropy", train=problem(), step=step, run="a")
        out = self.folder / "track.h5"
        self.json = self.basin("track", self.folder / "run", "--method", "dense", "-o", out, *options, "--json")
        return basin.load_result(out)

    def test_csv_has_the_same_columns(self):
        for command, options, table in (("spectrum", ("--method", "dense"), "eigenvalues"), ("sane", ("--method", "dense"), "sane.sweep"),
                                        ("slice", ("--grid", "3", "--along", "gradient", "--along", "random:1"), "values"),
                                        ("sharpness", (), "measures")):
            path = self.folder / f"{command}.csv"
            result = self.result(command, *options, "--csv", f"{path}#{table}")
            self.same(path, result.tables()[table])
        path = self.folder / "rows.csv"
        self.same(path, self.track("--csv", path).tables()["rows"])

    def same(self, path, columns):
        with open(path, newline="", encoding="utf-8") as f:
            names, *rows = csv.reader(f)
        self.assertEqual(set(columns) - set(names), {"network"} & set(columns))  # which, as in JSON, is not written
        self.assertLessEqual(set(names), set(columns))
        for name, *values in zip(names, *rows):
            for text, value in zip(values, columns[name]):
                if isinstance(value, (bool, np.bool_)):
                    self.assertEqual(text, str(bool(value)).lower())
                elif isinstance(value, str):
                    self.assertEqual(text, value)
                else:
                    self.assertTrue(float(text) == value if text else np.isnan(value) or value == -1, (name, text, value))

    def test_pandas(self):
        result = self.result("spectrum", "--method", "dense")
        with self.fails("no table «rows» in a result of kind spectrum; there are eigenvalues"):
            result.to_pandas("rows")
        try:
            import pandas
        except ImportError:
            with self.fails("to_pandas needs pandas: pip install pandas"):
                result.to_pandas()
            return
        frame = result.to_pandas()
        self.assertIsInstance(frame, pandas.DataFrame)
        np.testing.assert_array_equal(frame["eigenvalues"], result.eigenvalues)
        with unittest.mock.patch.dict(sys.modules, pandas=None), self.fails("to_pandas needs pandas: pip install pandas"):
            result.to_pandas()

    def test_figures(self):
        result = self.result("slice", "--along", "gradient", "--grid", "5")
        figure = result.plot(width=3.25, y_label="cost")
        self.assertTrue(figure.svg.startswith("<?xml") and "</svg>" in figure.svg)
        self.assertIn("along a line through the parameters", figure.caption)
        self.assertIn(figure.caption, html.unescape(figure._repr_html_()))
        direct = self.folder / "direct.svg"
        subprocess.run([BINARY, "plot", self.folder / "slice.h5", "-o", direct, "--width", "3.25", "--y-label", "cost"], check=True)
        self.assertEqual(figure._repr_svg_(), direct.read_text(encoding="utf-8"))
        for name, start in (("a.pdf", b"%PDF"), ("a.png", b"\x89PNG"), ("a.svg", b"<?xml")):
            self.assertTrue(figure.save(self.folder / name).read_bytes().startswith(start))
        both = basin.plot([result, self.folder / "slice.h5"], label=["one", "other"], points=False)
        self.assertIn("one", both.caption)
        with self.fails("plot: unknown option --colour"):
            result.plot(colour="red")
        with self.fails("no figure «stem» of a slice result; there are: lines"):
            result.plot("stem")
        with self.fails("a figure's name ends in .pdf, .svg or .png"):
            figure.save(self.folder / "a.jpg")

    def test_notebooks(self):
        result = self.result("spectrum", "--method", "dense")
        page = result._repr_html_()
        self.assertIn("<b>spectrum.h5: spectrum</b>", page)
        self.assertIn(f"<td>{result.eigenvalues[0]:.6g}</td>", page)
        self.assertIn(f"{len(result.eigenvalues) - 16} more rows", page)
        picture, = re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', page)
        self.assertEqual(base64.b64decode(picture).decode(), result.plot().svg)
        self.assertNotIn("<svg", page)
        self.assertEqual(result._repr_svg_(), result.plot().svg)
        trace = self.result("trace")  # has no figure
        self.assertIsNone(trace._repr_svg_())
        self.assertIn(f"<td>{trace.value:.6g}</td>", trace._repr_html_())
        with unittest.mock.patch.object(command, "find", lambda: None):
            self.assertIn("<table>", result._repr_html_())
            with self.fails("no command basin, which draws: put it on the PATH, or name it in BASIN"):
                result.plot()

    def test_a_plane(self):
        result = self.result("slice", "--along", "gradient", "--grid", "5", "--along", "random:1", "--grid", "3")
        self.assertEqual([axis.direction for axis in result.axes], ["gradient", "random:1"])
        self.assertEqual([surface.split for surface in result.surfaces], ["train", "test"])
        self.assertEqual(result.surfaces[0].loss.shape, (3, 5))
        np.testing.assert_array_equal(result.surfaces[0].loss, self.json["surfaces"][0]["loss"])
        np.testing.assert_array_equal(result.axes[0].coordinates, np.linspace(-1, 1, 5))
