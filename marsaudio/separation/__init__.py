"""Where the wind is told from the rover: clicks, lines, floor, wind level, gain, stems.

Read in this order: `survey` (what may count), `clicks`, `sections`, `hearing` and `low_band` (what of each
section the rest works on), `lines`, `line_removal` and `line_free` (what is taken out at once), `machine`,
`floors`, `wind` and `cut_off` (what makes up the model), `model` and `learning` (how it is learned), `gain`
(how much of each moment is wind), `wind_stem`, `run` (one section after the other) and `stems` (the result,
additive to the bit). `rover_fit` and `rover_model` learn the rover for other recordings and keep it, with its
machines as `combs`, `line_courses` and `families` tell them, and `reference` says what it tells of these;
`doubt` says what cannot be known; and `tone_free` gives event detection a recording without lines.
"""
