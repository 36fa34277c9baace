"""
The rover's lines and floor
===========================

What marsaudio has learned about the rover. Its machines hum in lines: those of one machine are at
multiples of one frequency, and have one marker here. All the rest of its noise is the floor below them.
"""

import marsaudio as ma

scene = ma.simulate_scene(18.0, rng=12)
model = ma.fit_rover(scene.rover)  # a recording of the rover alone
picture = ma.plot.Picture(figsize=(8, 5), layout="constrained")
model.plot(picture.subplots())
strongest = max(model.lines, key=lambda line: line.level)
picture.description = (
    f"The rover of a simulated scene: {len(model.lines)} lines over frequency, marked by machine, stand on a "
    f"smooth floor. The strongest, of {strongest.level:.0f} dB re full scale, is at "
    f"{strongest.frequency:.1f} Hz."
)
