module rill/tools/golden/archive

go 1.26
