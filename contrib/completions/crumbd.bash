# bash completion for crumbd(8)
_crumbd()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= word i
    local commands formats
    commands=$("${COMP_WORDS[0]}" help 2>/dev/null | sed -n 's/^  crumbd \[\{0,1\}\([a-z]\{1,\}\).*/\1/p')
    formats=$("${COMP_WORDS[0]}" help parse 2>/dev/null | sed -n 's/^  --format *\(.*\) (.*/\1/p')
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        [[ $word == -* ]] || { command=$word; break; }
    done
    [[ $command == try && ${COMP_WORDS[COMP_CWORD - 2]} == --diff ]] && prev=--diff # its second set of rules
    case $prev in
    --format) mapfile -t COMPREPLY < <(compgen -W "$formats" -- "$cur"); return ;;
    -c | --rules | --diff) mapfile -t COMPREPLY < <(compgen -f -X '!*.yaml' -- "$cur"; compgen -f -X '!*.yml' -- "$cur"; compgen -d -- "$cur"); return ;;
    esac
    case $command in
    '') mapfile -t COMPREPLY < <(compgen -W "$commands --version --help -c" -- "$cur") ;;
    help) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
    queue) mapfile -t COMPREPLY < <(compgen -W 'ls cat export retry drop -c --store --json --dead --all --yes' -- "$cur") ;;
    *)
        if [[ $cur == -* ]]; then
            local options=-c
            case $command in
            check) options='-c --dump' ;;
            parse) options='--format --log-format --template --grouping' ;;
            try) options='-c --format --log-format --rules --events --json --limits --diff' ;;
            explain) options='-c --format --log-format --rules' ;;
            esac
            mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        fi
        ;;
    esac
}
complete -o filenames -F _crumbd crumbd
