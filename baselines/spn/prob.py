"""Probabilistic SPN: a Gaussian latent map between the encoder and the decoder of the prior learner."""

from typing import NamedTuple, cast

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from baselines.spn.blocks import Features, MergeBlock
from baselines.spn.network import PRETEXT, Channels, Encoded, Generator, Priors, upsampling
from inpaint_bench.data.tensors import Images, Masks

Latent = Float[Tensor, "batch latent rows columns"]  # 2 width channels, a 32nd of the image's size


class Posterior(NamedTuple):
    """The distribution of the latent map, and the features that bypass it."""

    mean: Latent
    deviation: Latent
    skip: Features  # S_enc^3, as the first block of `feature_recon` takes it


class Reparameterise(nn.Module):
    """z = mean + deviation * noise."""

    def forward(self, mean: Latent, deviation: Latent, noise: Latent) -> Latent:
        """A draw from standard normal noise, independent at every place."""
        return mean + deviation * noise


class ProbabilisticSPN(Generator):
    """The probabilistic network. Height and width are multiples of 32. `width` is 64 in the paper."""

    def __init__(self, width: int = 64, pretext: Channels | None = PRETEXT) -> None:
        super().__init__(
            width,
            MergeBlock(4 * width, 4 * width, 4 * width),
            lambda label: 2 * width if label >= 2 * width else label,
            pretext,
        )
        self.latent = 2 * width
        self.encoder_z = nn.Sequential(
            nn.Conv2d(4 * width, 8 * width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(8 * width, 8 * width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(8 * width, 8 * width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
        )
        self.mu = nn.Conv2d(8 * width, self.latent, 1)
        self.sigma = nn.Conv2d(8 * width, self.latent, 1)
        self.sample = Reparameterise()
        self.decoder_z = nn.Sequential(
            *upsampling(self.latent, 16 * width),
            *upsampling(4 * width, 16 * width),
            *upsampling(4 * width, 16 * width),
        )

    def infer(self, encoded: Encoded) -> Posterior:
        """The distribution of the latent map (Eq. 5); softplus gives the standard deviation itself."""
        inner = self.encoder_z(encoded.quarter)
        skip = cast(MergeBlock, self.feature_recon[0]).skip(encoded.quarter)
        return Posterior(self.mu(inner), F.softplus(self.sigma(inner)), skip)

    def learn(self, encoded: Encoded, posterior: Posterior, noise: Latent) -> Priors:
        """The semantic pyramid of one draw; S_enc^3 also bypasses the latent map."""
        decoded = self.decoder_z(self.sample(posterior.mean, posterior.deviation, noise))
        return self.decode_prior(encoded, self.feature_recon[0](posterior.skip, decoded))

    def forward(self, image: Images, mask: Masks, noise: Latent) -> tuple[Images, Priors, Posterior]:
        """One draw: the prediction in [0, 1], its pyramid and the distribution; see `SPN.forward`."""
        encoded = self.encode(image, mask)
        posterior = self.infer(encoded)
        priors = self.learn(encoded, posterior, noise)
        return self.paint(encoded.image, priors), priors, posterior
