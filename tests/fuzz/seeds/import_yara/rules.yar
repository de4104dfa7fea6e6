/* rules in the shapes that are published; /* comments do not nest
rule withdrawn { condition: for any i in (0..pe.number_of_signatures): ( pe.signatures[i].serial == "01:02:03:04:05:06:07:08" ) }
this rule is none {, and neither is the one that is named here: rule
private rule withdrawn_too : tag
{
*/
// rule in_one_line { condition: false }
// rule of thumb
import "pe"

rule ban_one {
    meta:
        author      = "somebody"
        description = "Certificate used for \"signing\" malware."
        reference   = "https://example.com/a//b"
    condition:
        uint16(0) == 0x5A4D and
        for any i in (0..pe.number_of_signatures): (
            pe.signatures[i].subject contains "Banned Ltd" and
            pe.signatures[i].serial == "05:e2:e6:a4:cd:09:ea:54:d6:65:b0:75:fe:22:a2:56" and
            1308182400 <= pe.signatures[i].not_after
        )
}

private rule ban_both_forms : tag1 tag2 {
    meta:
        thumbprint = "56ba4a6f4e2a1d5c0a6ad2cf0e3f7c0b6a0d1a11"
        thumbprint2 = "56ba4a6f4e2a1d5c0a6ad2cf0e3f7c0b6a0d1a1"
        score = -5
    condition:
        (uint16(0) == 0x5a4d or uint32(0) == 0xe011cfd0) and
        for any sig in pe.signatures : (
            sig.issuer contains "Some CA" and
            ( sig.serial == "00:c0:4f:5d:17:af:87:2c:b2" or sig.serial == "c0:4f:5d:17:af:87:2c:b2" ) // both forms
        )
}

rule ban_again { condition: for any i in (0..pe.number_of_signatures - 1): (
    pe.signatures[i].serial == "05:E2:E6:A4:CD:09:EA:54:D6:65:B0:75:FE:22:A2:56" ) }

rule short_serial { condition: for any i in (0..pe.number_of_signatures): (
    pe.signatures[i].subject contains "\\xE6\\x97\\xA5 Trading" and pe.signatures[i].serial == "0c:15" ) }

rule subject_only { condition: for any i in (0..pe.number_of_signatures): ( pe.signatures[i].subject contains "/CN=Only A Name" ) }

rule not_only_certificates {
    strings:
        $a = { 4D 5A ?? 7D }
        $b = /quote " and brace } in here/ nocase
        $c = "}"
    condition:
        $a and for any i in (0..pe.number_of_signatures): ( pe.signatures[i].serial == "05:e2:e6:a4:cd:09:ea:54" )
}

rule every_program { condition: uint16(0) == 0x5A4D and (pe.is_signed or for any i in (0..pe.number_of_signatures): (
    pe.signatures[i].serial == "05:e2:e6:a4:cd:09:ea:54" )) }

rule two_texts { condition: for any i in (0..pe.number_of_signatures): (
    pe.signatures[i].serial == "05:e2:e6:a4:cd:09:ea:54" and pe.signatures[i].serial == "06:e2:e6:a4:cd:09:ea:54" ) }

rule negated { condition: not for any i in (0..pe.number_of_signatures): ( pe.signatures[i].serial == "05:e2:e6:a4:cd:09:ea:54" ) }

rule all_of_them { condition: for all i in (0..pe.number_of_signatures): ( pe.signatures[i].serial == "05:e2:e6:a4:cd:09:ea:54" ) }

rule regular { condition: for any i in (0..pe.number_of_signatures): ( pe.signatures[i].subject matches /Ban.*/ ) }

rule platform { condition: for any i in (0..pe.number_of_signatures): ( pe.signatures[i].subject contains "Microsoft Corporation" ) }

rule empty {}

rule endless { condition: (
