"""From registers to rows: types, byte orders, scaling, sentinels, ranges, COPY bytes."""
