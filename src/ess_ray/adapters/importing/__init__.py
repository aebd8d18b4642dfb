"""Files that `job=import` reads: tables of cells out of XLSX (openpyxl) and CSV, trees out of YAML and TOML."""
