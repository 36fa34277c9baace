"""PDS4 labels and products for tests, in the form of those of the EDL microphone."""

import hashlib

import numpy as np
import soundfile

NAMESPACES = (
    'xmlns="http://pds.nasa.gov/pds4/pds/v1" xmlns:mars2020="http://pds.nasa.gov/pds4/mission/mars2020/v1"'
)
COLLECTION = "urn:nasa:pds:m2020_edlcam_raw:data_audio"
LANDING = "2021-02-18T20:44:28.107000Z"


def label_of_audio(file, *, local_time="", start=LANDING, created="2024-11-11", md5=None, name=None):
    """The text of a label of an audio file."""
    if local_time:
        local_time = (
            f"<mars2020:start_local_mean_solar_time>{local_time}</mars2020:start_local_mean_solar_time>"
        )
    if md5 is None and file.exists():
        md5 = hashlib.md5(file.read_bytes()).hexdigest()
    checksum = f"<md5_checksum>{md5}</md5_checksum>" if md5 else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Product_Ancillary {NAMESPACES}>
  <Identification_Area>
    <logical_identifier>{COLLECTION}:{file.name.lower()}</logical_identifier>
    <version_id>1.0</version_id>
    <title>Mars 2020 EDLCam Audio WAV Product</title>
  </Identification_Area>
  <Context_Area>
    <Time_Coordinates><start_date_time>{start}</start_date_time></Time_Coordinates>
    <Observing_System>
      <Observing_System_Component><name>Mars 2020</name><type>Host</type></Observing_System_Component>
      <Observing_System_Component><name>EDL Camera Suite</name><type>Instrument</type>
      </Observing_System_Component>
    </Observing_System>
    <Mission_Area><mars2020:Observation_Information>{local_time}</mars2020:Observation_Information></Mission_Area>
  </Context_Area>
  <File_Area_Ancillary>
    <File><file_name>{name or file.name}</file_name>
      <creation_date_time>{created}</creation_date_time>{checksum}</File>
    <Encoded_Audio><offset unit="byte">0</offset>
      <encoding_standard_id>WAV</encoding_standard_id></Encoded_Audio>
  </File_Area_Ancillary>
</Product_Ancillary>
"""


def product_name(second, *, session=170, part=0):
    """The name of the product of a second."""
    return f"mic_{session:08d}_{part:03d}_{second:06d}.wav"


def write_product(
    folder, second, *, session=170, part=0, seconds=1.0, rate=48000, channels=2, subtype="PCM_16"
):
    """A product of a second of noise with its label; gives back its samples, (channels, frames)."""
    rng = np.random.default_rng([session, part, second])
    samples = (0.01 * rng.standard_normal(round(seconds * rate))).astype(np.float32)
    samples = np.rint(samples * 2**15) / 2**15
    file = folder / product_name(second, session=session, part=part)
    soundfile.write(file, np.repeat(samples[:, np.newaxis], channels, axis=1), rate, subtype=subtype)
    file.with_suffix(".xml").write_text(label_of_audio(file))
    return np.repeat(samples[np.newaxis].astype(np.float32), channels, axis=0)


def write_collection(folder, names, *, file_name="inventory.csv", line="P,{}::1.0\r\n"):
    """The label of a collection and its inventory of these products."""
    inventory = "".join(line.format(f"{COLLECTION}:{name.lower()}") for name in names)
    (folder / "inventory.csv").write_text(inventory, newline="")
    path = folder / "data_audio_collection.xml"
    path.write_text(f"""<?xml version="1.0" encoding="UTF-8"?>
<Product_Collection {NAMESPACES}>
  <Identification_Area><logical_identifier>{COLLECTION}</logical_identifier></Identification_Area>
  <File_Area_Inventory>
    <File><file_name>{file_name}</file_name></File>
    <Inventory><offset unit="byte">0</offset><field_delimiter>Comma</field_delimiter></Inventory>
  </File_Area_Inventory>
</Product_Collection>
""")
    return path
