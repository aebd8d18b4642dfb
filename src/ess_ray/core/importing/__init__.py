"""Register tables and configurations that people have, made into register maps: `job=import`.

Pure: trees and tables of cells in, the text of a map out. A reader for each form (`table`, `telegraf`,
`home_assistant`, `solarman`) makes `Item`s of it, and says what it took and what it leaves out; `writing` makes
the map of them.
"""
