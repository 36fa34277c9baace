"""Where the wind is told from the rover: clicks, lines, floor, wind level, gain, stems.

Read in this order: `survey` (what may count), `clicks`, `lines` and `line_removal` (what is taken out at
once), `low_band` and `frames` (what the rest works on), `machine`, `floors`, `wind` and `cut_off` (what makes
up the model), `model` (how it is learned), `gain` (how much of each moment is wind), `sections` and
`readings` (all of it, in blocks), `wind_stem` and `stems` (the result, additive to the bit). `rover_fit` and
`rover_model` learn the rover for other recordings and keep it, with its machines as `combs`, `line_courses`
and `families` tell them, and `reference` says what it tells of these; `doubt` says what cannot be known; and
`tone_free` gives event detection a recording without lines.
"""
