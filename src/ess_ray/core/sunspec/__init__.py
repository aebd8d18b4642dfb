"""SunSpec: register maps out of the definitions of its models and the chain of models that a device has.

Pure. `definitions` reads a model's definition, `chain` finds the models of a device in its registers, `placing` says
where each point of a model is, `homes` which of them have a column of the data standard, `making` makes the map's
blocks, and `writing` its text.

Source of the rules: "SunSpec Device Information Model Specification" and "SunSpec Information Model Reference"; of the
models: the definitions of the package pysunspec2, the ones that SunSpec publishes (github.com/sunspec/models).
"""
