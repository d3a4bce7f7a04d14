# --csv: a result's table with the names of docs/json.md.
. "$(dirname "$0")/lib.sh"
topic

good spectrum $GD --method dense --csv s.csv --json
expect "its names stand first" [ "$(head -n 1 s.csv)" = "eigenvalues,residuals,gaps,multiplicity" ]
sed 's/.*"eigenvalues": \[\([^]]*\)\].*/\1/' out | tr -d ' ' | tr ',' '\n' | awk '{ printf "%.15e\n", $1 }' >line
sed 1d s.csv | cut -d, -f1 | awk '{ printf "%.15e\n", $1 }' >after
expect "there are as many as parameters" [ "$(wc -l <after)" = 310 ]
expect "they are those of --json" cmp -s line after
good slice $GD --along gradient --grid 3 --csv 'l.csv'
expect "a line's points, of both splits" [ "$(cut -d, -f1,2 l.csv | tr '\n' ' ')" = "split,s train,-1 train,0 train,1 test,-1 test,0 test,1 " ]
good sane $GD --csv 'x.csv#sane.ranks'
expect "a table by its name" [ "$(head -n 1 x.csv)" = "k,value,lower,upper" ]
cp -R runs/gd_0 'a,"b'
good track 'a,"b' --csv t.csv
expect "quotes are doubled inside quotes" [ "$(sed -n 2p t.csv | cut -c1-9)" = '"a,""b",s' ]
lacks t.csv asam # not measured in any row
holds t.csv ",lambda_max,lambda_max.lower,lambda_max.upper,"
never "an unknown table leaves a file" [ -e n.csv ]
fails "no table «nothing» in a sane result; there are: .*sane.sweep" -- sane $GD --csv 'n.csv#nothing'
never "an unknown table leaves a file" [ -e n.csv ]
# a stored result has the same table
good spectrum $GD -o kept.h5 --csv n.csv
good plot kept.h5 -o kept.csv
expect "the table of a stored result is that of the command" cmp -s n.csv kept.csv
wrong "plot: two.csv holds the table of one result, not of 2" -- plot kept.h5 kept.h5 -o two.csv
bad "no table «nothing»" -- plot kept.h5 -o 'other.csv#nothing'
rm n.csv kept.csv
wrong "ends in .csv, or .csv#TABLE" -- sane $GD --csv n.txt
wrong "spectrum: --csv stores the result of one checkpoint, 2 were named" -- spectrum $GD $SAM --csv n.csv
bad "none/n.csv: cannot be written" -- sane $GD --csv none/n.csv

finish
