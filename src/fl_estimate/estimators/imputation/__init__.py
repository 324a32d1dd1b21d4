"""Multiple imputation of unknown answers: donors, draws and what they did. The class itself is never imputed: it follows.

`impute` is the public function and `imputation` what it gives; `working` reads the rows, `donors` finds who may give an
answer, `pairs` classifies what each donor would make of a recipient, `pool` draws among them.
"""
