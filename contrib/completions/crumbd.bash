# bash completion for crumbd(8): commands, options and formats are those that crumbd's own help lists
_crumbd()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} crumbd=${COMP_WORDS[0]} command= words= word i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        [[ $word == -* ]] || { command=$word; break; }
    done
    [[ $command == try && ${COMP_WORDS[COMP_CWORD - 2]} == --diff ]] && prev=--diff # its second set of rules
    case $prev in
    --format) words=$("$crumbd" help parse 2>/dev/null | sed -n 's/^  --format F *\(.*\) (.*/\1/p') ;;
    --schema) words='config rules traces' ;;
    -c | --rules | --diff)
        mapfile -t COMPREPLY < <(compgen -f -X '!*.yaml' -- "$cur"; compgen -f -X '!*.yml' -- "$cur"; compgen -d -- "$cur")
        return
        ;;
    *)
        case $command in
        '' | help)
            words=$("$crumbd" help 2>/dev/null | sed -n 's/^  crumbd \[\{0,1\}\([a-z]\{1,\}\).*/\1/p')
            [[ $command ]] || words+=' --version --help -c'
            ;;
        *)
            words=$("$crumbd" help "$command" 2>/dev/null | sed -n 's/^  \([-a-z]\{1,\}\) .*/\1/p')
            [[ $cur == -* || $words == [a-z]* ]] || words=
            ;;
        esac
        ;;
    esac
    if [[ $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
}
complete -o filenames -F _crumbd crumbd
