"""What is said of a conversion while it goes on."""
import io
import time
import unittest

import support  # noqa: F401: finds the package
from basin.progress import Progress


class Screen(io.StringIO):
    def isatty(self):
        return True


class Said(unittest.TestCase):
    def said(self, stream, seconds, **intervals):
        with Progress(stream, **intervals) as progress:
            progress.at("converting file 1 of 2, a.pt")
            time.sleep(seconds)
        said = stream.getvalue()
        time.sleep(0.05)
        self.assertEqual(stream.getvalue(), said)  # nothing after the end
        return said

    def test_a_file_gets_a_line_now_and_then(self):
        lines = self.said(io.StringIO(), 0.5, lines=0.1).splitlines()
        self.assertTrue(lines)
        for line in lines:
            self.assertRegex(line, "^basin: converting file 1 of 2, a.pt, [0-9]+ s so far$")

    def test_a_terminal_is_drawn_anew_and_left_clean(self):
        said = self.said(Screen(), 0.5, first=0.0, redraw=0.05)
        self.assertRegex(said, "\r\033\\[Kconverting file 1 of 2, a.pt, [0-9]+ s so far")
        self.assertTrue(said.endswith("\r\033[K"))
        self.assertNotIn("\n", said)

    def test_quick_work_says_nothing(self):
        self.assertEqual(self.said(io.StringIO(), 0.0), "")
        self.assertEqual(self.said(Screen(), 0.5, first=60.0, redraw=0.05), "")

    def test_a_stream_that_is_gone_ends_it(self):
        stream = io.StringIO()
        with Progress(stream, lines=0.01):
            stream.close()
            time.sleep(0.1)


if __name__ == "__main__":
    unittest.main()
