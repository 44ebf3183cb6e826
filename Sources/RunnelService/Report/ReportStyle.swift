/// How the report looks: one sheet, for light and dark, for screen and paper.
enum ReportStyle {
  static let sheet = """
    :root{color-scheme:light dark;--page:#f6f7f7;--card:#fff;--ink:#1b2226;--soft:#5d6970;--line:#dfe3e5;--good:#1f7a8c;\
    --bad:#c2342b;--bad-soft:#c2342b1c;--paper:#fdf6f4;--grid:#f0ddd8;--good-band:#cde4e8;--bad-band:#f6d5d1}
    @media(prefers-color-scheme:dark){:root{--page:#14181a;--card:#1c2225;--ink:#e4e9eb;--soft:#97a4ab;--line:#2f383c;\
    --good:#5fb8c9;--bad:#ff7a6e;--bad-soft:#ff7a6e24;--paper:#20292d;--grid:#303c41;--good-band:#2c4d55;--bad-band:#5a3230}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
    main{max-width:1120px;margin:0 auto;padding:40px 24px 64px}
    h1{font-size:28px;line-height:1.2;margin:0 0 6px;letter-spacing:-.01em}
    h2{font-size:19px;margin:44px 0 12px}
    h3{font-size:15px;margin:0;font-weight:600}
    p{margin:6px 0;max-width:96ch}
    .soft,small{color:var(--soft)}
    a{color:inherit}
    .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(230px,1fr));gap:14px;margin:24px 0 0}
    .card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px}
    .card h3{display:flex;justify-content:space-between;align-items:baseline;gap:8px;margin-bottom:8px}
    .card h3 small{font-weight:400;white-space:nowrap}
    .figure{display:grid;grid-template-columns:1fr auto;gap:2px 10px;margin-top:8px;font-size:13px}
    .figure b{font-size:17px;font-variant-numeric:tabular-nums}
    .meter{grid-column:1/3;height:5px;border-radius:3px;background:var(--line);overflow:hidden}
    .meter i{display:block;height:100%;background:var(--good);border-radius:3px}
    .sheet{background:var(--card);border:1px solid var(--line);border-radius:10px;overflow-x:auto}
    .fit{width:fit-content;max-width:100%}
    table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
    th,td{padding:7px 14px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
    thead th{color:var(--soft);font-weight:500;font-size:13px}
    tbody th{text-align:left;font-weight:600}
    tr:last-child>*{border-bottom:0}
    .matrix{width:auto}.matrix td,.matrix th{min-width:74px}
    .matrix td.none{color:var(--soft)}
    td .meter{display:inline-block;width:64px;height:5px;margin-left:10px;vertical-align:middle}
    td .blank{display:inline-block;width:74px}
    .low{color:var(--bad)}
    .stretch{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 18px 10px;margin:0 0 16px;\
    break-inside:avoid}
    .stretch header{display:flex;flex-wrap:wrap;gap:2px 14px;align-items:baseline}
    .stretch header span{color:var(--soft)}
    svg{display:block;width:100%;height:auto;font:13px system-ui,-apple-system,"Segoe UI",sans-serif}
    svg text{fill:var(--ink)}
    svg .tick,svg .side{fill:var(--soft);font-size:12px}
    svg .middle{text-anchor:middle}svg .end{text-anchor:end}
    .stretch{overflow-x:auto}.stretch svg{min-width:680px}
    svg .mark{font-weight:600;font-size:14px}
    svg .mark.right{fill:var(--soft);font-weight:500}
    svg .mark.wrong,svg .none{fill:var(--bad)}
    svg .name{font-size:12px;font-weight:600}
    svg .box{fill:var(--bad-soft);stroke:var(--bad)}
    svg .paper{fill:var(--paper)}
    svg .grid{stroke:var(--grid);fill:none}
    svg .signal{stroke:var(--ink);stroke-width:1.15;stroke-linejoin:round;fill:none}
    svg .bar{stroke:var(--soft);stroke-width:1.5;fill:none}
    svg .lead{stroke:var(--soft);fill:none;opacity:.7}svg .lead.wrong{stroke:var(--bad);stroke-width:1.5;opacity:1}
    svg .band.right{fill:var(--good-band)}
    svg .band.wrong{fill:var(--bad-band);stroke:var(--bad);stroke-width:.8}
    svg .box-plot{fill:var(--good-band);stroke:var(--good)}svg .whisker{stroke:var(--good);stroke-width:1.5;fill:none}
    svg .median{stroke:var(--ink);stroke-width:2.5;fill:none}
    dl{display:grid;grid-template-columns:max-content 1fr;gap:6px 18px;max-width:92ch;margin:0}
    dt{font-weight:600}dd{margin:0;color:var(--soft)}
    footer{margin-top:48px;color:var(--soft);font-size:13px}
    @media print{body{background:#fff}main{max-width:none;padding:0}.card,.sheet,.stretch{border-color:#ccc}}
    @media(max-width:640px){main{padding:24px 14px}th,td{padding:6px 9px}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:8px}}
    """
}
