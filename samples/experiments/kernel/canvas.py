"""As much of Cairo, by ctypes, as a figure takes: basin links the same library."""
import ctypes
import ctypes.util

_lib = ctypes.CDLL(ctypes.util.find_library("cairo") or "libcairo.so.2")
for _name in ("image_surface_create", "create"):
    getattr(_lib, f"cairo_{_name}").restype = ctypes.c_void_p


class _Extents(ctypes.Structure):
    _fields_ = [(n, ctypes.c_double) for n in ("x_bearing", "y_bearing", "width", "height", "x_advance", "y_advance")]


class Canvas:
    """Lengths in points (1/72 inch), y downwards."""

    def __init__(self, width, height, dpi=200):
        self.surface = ctypes.c_void_p(_lib.cairo_image_surface_create(1, round(width * dpi / 72), round(height * dpi / 72)))  # RGB24
        self.cr = ctypes.c_void_p(_lib.cairo_create(self.surface))
        self._call("scale", dpi / 72, dpi / 72)
        self.rectangle(0, 0, width + 1, height + 1, (1, 1, 1))

    def _call(self, name, *numbers):
        getattr(_lib, f"cairo_{name}")(self.cr, *(ctypes.c_double(x) for x in numbers))

    def _paint(self, color, how):
        self._call("set_source_rgb", *color)
        getattr(_lib, f"cairo_{how}")(self.cr)

    def rectangle(self, x, y, width, height, color):
        self._call("rectangle", x, y, width, height)
        self._paint(color, "fill")

    def line(self, points, color, width=1.0, dash=()):
        for i, (x, y) in enumerate(points):
            self._call("move_to" if i == 0 else "line_to", x, y)
        self._call("set_line_width", width)
        _lib.cairo_set_dash(self.cr, (ctypes.c_double * len(dash))(*dash), ctypes.c_int(len(dash)), ctypes.c_double(0))
        self._paint(color, "stroke")

    def clip(self, x, y, width, height):
        _lib.cairo_save(self.cr)
        self._call("rectangle", x, y, width, height), self._call("clip")

    def unclip(self):
        _lib.cairo_restore(self.cr)

    def dot(self, x, y, radius, color):
        self._call("new_sub_path"), self._call("arc", x, y, radius, 0, 6.283185307179586)
        self._paint(color, "fill")

    def text(self, x, y, words, size=8.0, align=0.0, color=(0.1, 0.1, 0.1), turned=False):
        """(x, y) is on the base line, at the share `align` of the width; turned: upwards."""
        _lib.cairo_select_font_face(self.cr, b"DejaVu Sans", ctypes.c_int(0), ctypes.c_int(0))
        self._call("set_font_size", size)
        extents = _Extents()
        _lib.cairo_text_extents(self.cr, words.encode(), ctypes.byref(extents))
        _lib.cairo_save(self.cr)
        self._call("translate", x, y)
        if turned:
            self._call("rotate", -1.5707963267948966)
        self._call("move_to", -align * extents.x_advance, 0)
        self._call("set_source_rgb", *color)
        _lib.cairo_show_text(self.cr, words.encode())
        _lib.cairo_restore(self.cr)

    def write(self, path):
        if _lib.cairo_surface_write_to_png(self.surface, str(path).encode()) != 0:
            raise OSError(f"{path}: cannot be written")
