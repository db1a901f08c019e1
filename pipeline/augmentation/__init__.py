"""Random augmentation of a batch on its device, with an independent draw for every image.

    ops.py         the ops: random parameters and their effect
    resampling.py  source positions of output pixels, and interpolation
    sets.py        compositions: the deck's six trainsets, the champion's sets

Images are uint8 tensors of shape (N, 1, size, size), in and out: a byte needs a quarter of the memory of a float. Only
`Perspective` makes new values; it rounds them half to even. Divide by 255 after augmenting, where the batch turns into
the network's dtype.

No image is masked out or picked by a subset: where an op leaves an image alone, its parameters change nothing (no
shift, an empty box). So shapes are fixed and the host never waits for the device, and a training step can be captured
in a CUDA graph; run it once before, as `Perspective` builds a table on first use. Without a graph a GPU waits for its
launches, about 85 a call whatever the number of images, so augment many batches at once there.
"""
