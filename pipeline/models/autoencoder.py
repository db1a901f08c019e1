"""The convolutional autoencoder for outliers: images with a high reconstruction error are unusual."""

import torch
from torch import Tensor, nn

SMALLEST_IMAGE = 16


class ConvAutoencoder(nn.Module):
    """Encode an image in `bottleneck` numbers and reconstruct it (deck section 1, outliers).

    After Hinton and Salakhutdinov 2006 (doi:10.1126/science.1127647) and, for convolutions, Masci et al. 2011
    (doi:10.1007/978-3-642-21735-7_7). Two strided convolutions down, two upsamplings with a convolution each up:
    transposed convolutions would add checkerboard artifacts (Odena et al. 2016, doi:10.23915/distill.00003) to the
    error. At 28x28 111,521 parameters and 1.4 million MACs, so that 60,000 images take seconds on a CPU.
    """

    def __init__(self, image_size: int = 28, bottleneck: int = 32) -> None:
        """Raises ValueError for an image size that is odd or below 16."""
        super().__init__()
        if image_size < SMALLEST_IMAGE or image_size % 2:
            raise ValueError(f"The autoencoder needs an even image size from {SMALLEST_IMAGE} on, not {image_size}.")
        half = image_size // 2
        quarter = -(-half // 2)
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Flatten(),
            nn.Linear(32 * quarter**2, bottleneck),
        )
        self.decoder = nn.Sequential(
            nn.Linear(bottleneck, 32 * quarter**2),
            nn.ReLU(inplace=True),
            nn.Unflatten(1, (32, quarter, quarter)),
            nn.Upsample(size=half),
            nn.Conv2d(32, 16, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Upsample(size=image_size),
            nn.Conv2d(16, 1, 3, padding=1),
        )

    def forward(self, x_N1HW: Tensor) -> Tensor:
        """Return the reconstruction (N, 1, H, W) in 0..1 of images (N, 1, H, W) in 0..1."""
        return torch.sigmoid(self.decoder(self.encoder(x_N1HW)))
