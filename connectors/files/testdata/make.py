"""Makes the files of other programs that the tests read: by xlwt 1.3.0, dbf
0.99.11 and pyarrow 26, none of which shares code with the readers."""
import datetime as dt
import decimal
import os

import dbf
import pyarrow as pa
import pyarrow.parquet as pq
import xlwt

HERE = os.path.dirname(os.path.abspath(__file__))


def at(name):
    return os.path.join(HERE, name)


def xls(name, **book):
    w = xlwt.Workbook(encoding="utf-8")
    for k, v in book.items():
        setattr(w, k, v)
    s = w.add_sheet("户数")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    chinese = xlwt.easyxf(num_format_str='yyyy"年"m"月"d"日"')
    stamp = xlwt.easyxf(num_format_str="yyyy/m/d h:mm:ss")
    percent = xlwt.easyxf(num_format_str="0.00%")
    s.write_merge(0, 0, 0, 6, "历下区户数台账")
    for c, h in enumerate(["村居代码", "名称", "户数", "登记日期", "更新时间", "比例", "公式"]):
        s.write(1, c, h)
    for i in range(40):
        r = 2 + i
        s.write(r, 0, f"370102001{i:03d}")
        s.write(r, 1, "某村" + "很长的名字" * (i * 20))
        s.write(r, 2, 100 + i if i % 2 else 1000.25 + i)
        s.write(r, 3, dt.date(1988, 7, 1 + i % 28), day if i % 2 else chinese)
        s.write(r, 4, dt.datetime(2025, 12, 31, 23, 59, i), stamp)
        s.write(r, 5, 0.1 + 0.2, percent)
        s.write(r, 6, True if i % 3 else xlwt.Formula("1+1"))
    s.write_merge(42, 43, 1, 1, "合并")
    s.write(42, 0, 370102001998)
    s.write(43, 0, 370102001999)
    h = w.add_sheet("隐藏")
    h.visibility = 1
    h.write(0, 0, "村居代码")
    h.write(1, 0, "1")
    for v in ("甲村", "乙村"):
        p = w.add_sheet(v)
        p.write(0, 0, "村居代码")
        p.write(0, 1, "户数")
        p.write(1, 0, v)
        p.write(1, 1, -7)
    w.save(at(name))


def vfp():
    t = dbf.Table(at("vfp.dbf"), "dm C(12); mc C(20); je N(12,2); zs I; bl B; yb Y; sj T; rq D; sf L; bz M", codepage="cp936", dbf_type="vfp")
    t.open(dbf.READ_WRITE)
    t.append(("370102001001", "龙洞村", decimal.Decimal("-1234.50"), -7, 0.5, decimal.Decimal("922337203685.4775"), dt.datetime(2025, 12, 31, 23, 59, 59), dt.date(2025, 1, 2), True, "很长的备注" * 40))
    t.append(("370102001002", "删掉", 1, 1, 1.0, decimal.Decimal("1"), None, None, None, "x"))
    t.append(("370102001003", "", None, 0, 0.0, decimal.Decimal("-0.0001"), None, None, False, ""))
    dbf.delete(t[1])
    t.close()


def db3():
    t = dbf.Table(at("db3.dbf"), "dm C(12); mc C(20); je N(12,2); rq D; sf L; bz M", codepage="cp936", dbf_type="db3")
    t.open(dbf.READ_WRITE)
    t.append(("370102001001", "龙洞村", decimal.Decimal("12.30"), dt.date(2025, 1, 2), True, "第一行\r\n第二行" + "长" * 400))
    t.append(("370102001002", "乙", None, None, None, ""))
    t.close()


def parquet():
    table = pa.table({
        "dm": pa.array(["370102001001", None, "370102001003"]),
        "i": pa.array([1, None, -9223372036854775808], pa.int64()),
        "u": pa.array([4294967295, 0, None], pa.uint32()),
        "f": pa.array([0.1, None, 1e21], pa.float64()),
        "b": pa.array([True, False, None]),
        "d": pa.array([decimal.Decimal("-0.05"), None, decimal.Decimal("12345678901234567890.12")], pa.decimal128(30, 2)),
        "day": pa.array([dt.date(1988, 7, 1), None, dt.date(1900, 1, 1)]),
        "ts": pa.array([dt.datetime(2025, 12, 31, 23, 59, 59, 123000), None, dt.datetime(1969, 12, 31, 23, 59, 59)], pa.timestamp("ms")),
        "tz": pa.array([dt.datetime(2025, 12, 31, 16, 0, 0), None, None], pa.timestamp("us", tz="UTC")),
        "t": pa.array([dt.time(8, 30, 1), None, None], pa.time32("ms")),
        "l": pa.array([[1, 2], None, []], pa.list_(pa.int64())),
        "s": pa.array([{"x": 1}, None, {"x": 2}], pa.struct([("x", pa.int64())])),
        "c": pa.array(["重复", "重复", None]).dictionary_encode(),
    })
    pq.write_table(table, at("types.parquet"), compression="zstd")
    many = pa.table({"dm": [f"{i:012d}" for i in range(5000)], "mc": [None if i % 3 == 0 else "名" * (i % 50) for i in range(5000)]})
    pq.write_table(many, at("pages.parquet"), compression="snappy", row_group_size=1900, data_page_size=2000, use_dictionary=False, data_page_version="2.0")


def tiny():
    w = xlwt.Workbook(encoding="utf-8")
    s = w.add_sheet("s")
    s.write_merge(0, 0, 0, 1, "甲")
    s.write(1, 0, 1.5)
    s.write(1, 1, xlwt.Formula("1+1"))
    s.write(2, 0, dt.date(2025, 1, 2), xlwt.easyxf(num_format_str="YYYY-MM-DD"))
    w.save(at("tiny.xls"))


for f in (tiny, lambda: xls("ledger.xls"), lambda: xls("from1904.xls", dates_1904=True), vfp, db3, parquet):
    f()
