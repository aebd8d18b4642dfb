"""How complete a day is, and what proves it."""
