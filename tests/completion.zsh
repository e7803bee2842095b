# completion.zsh FOLDER WORDS: what zsh offers behind the words, a line each, with the completion in the folder.
# What is offered goes to a file, with END behind it: a list on the terminal may ask whether it is to be shown, and wait for a key.
zmodload zsh/zpty zsh/zselect
folder=$1 words=$2 out=$(mktemp)
# A read also fails while the shell has its terminal not open yet: that is no end.
wait_for() {
    local line
    until [[ $line == *$1* ]]; do
        zpty -r shell line || { zpty -t shell || return 1; zselect -t 5; }
    done
}
zpty shell zsh -f -i
zpty -w shell "PS1= PS2= RPS1=; fpath=($folder \$fpath); autoload -Uz compinit; compinit -u -D"
# What a call of compadd would add is asked for beside the call; those that only fill arrays add nothing.
zpty -w shell 'compadd() { local -a offered; [[ ${@[1,(i)-(|-)]} == *-[OAD]\ * ]] || { builtin compadd -O offered "$@"; print -rl -- $offered >>'$out'; }; builtin compadd "$@" }'
zpty -w shell 'finish() { compstate[insert]= compstate[list]=; print END >>'$out' }; comppostfuncs=(finish); bindkey "^I" complete-word; unsetopt beep'
zpty -w shell 'print BE''GIN'
wait_for BEGIN
zpty -w -n shell "$words"$'\t'
until [[ $(tail -n 1 $out) == END ]]; do
    zpty -t shell || exit 1
    zselect -t 5
done
zpty -d shell
grep . $out | sed '$d'
rm -f $out
