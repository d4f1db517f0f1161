"""Types of the arrays that mean the same in all modules of this package."""

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""(h, w, 3): RGB."""
FloatPicture = npt.NDArray[np.float32]
"""(h, w, 3): RGB, or differences of it, in grey levels."""
Plane = npt.NDArray[np.float32]
"""(h, w): one value per pixel."""
Mask = npt.NDArray[np.uint8]
"""(h, w): 0 or 1, unless other values are documented."""
BoolMask = npt.NDArray[np.bool_]
"""(h, w)."""
LabelMap = npt.NDArray[np.int32]
"""(h, w): number of the region or component that each pixel belongs to, from 0."""
Boxes = npt.NDArray[np.int64]
"""(n, 4): boxes in the order of `Box`."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels; right and bottom are not included."""
