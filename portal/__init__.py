"""The portal: shows what the pipeline measured; never imports it, nor torch."""
