"""The back end `diffusers:NAME_OR_PATH`: any pipeline that `AutoPipelineForText2Audio` of diffusers knows.

`families` says how the pipelines of each family are called, and what of a clip would depend on its batch if they were
called as they stand; `back_end` loads a folder or a name of the Hugging Face hub, groups a batch by what a call can
take, and cuts.

Conventions: lengths are whole numbers of samples at the pipeline's own rate; a clip's noise comes from a generator of
its own on the CPU, so it is the same on every device. Only CosineDPMSolverMultistepScheduler, that of Stable Audio
Open, draws on the device itself.

Tested against diffusers 0.42.1 with small random weights of all four families, not with published ones.

Sources: AudioLDM 2, arXiv:2308.05734; Stable Audio Open, arXiv:2407.14358; Stable Audio 3, arXiv:2605.17991;
LongCat-AudioDiT, https://github.com/meituan-longcat/LongCat-AudioDiT.
"""
