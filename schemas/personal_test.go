package schemas_test

import "testing"

// TestLabels holds the lists of labels to what sources really write, and to
// what only sounds alike.
func TestLabels(t *testing.T) {
	c := catalog(t)
	for label, want := range map[string]string{
		"指纹": "biometrics", "人脸照片": "biometrics", "face_image": "biometrics", "faceImage": "biometrics", "FACE-IMAGE": "biometrics", "face id": "biometrics",
		"宗教信仰": "religion", "宗 教 信 仰": "religion", "religion": "religion", "zjxy": "religion",
		"既往病史": "health", "血型（ABO）": "health", "ｄｉａｇｎｏｓｉｓ": "health", "icd10_code": "health",
		"现场照片": "footage", "snapshot_image_url": "footage",
		"个人征信情况": "credit", "creditScore": "credit", "信用评分": "credit", "重点人员类别": "credit",
		"信访人": "petitioner", "信访人姓名": "petitioner", "xfrxm": "petitioner", "当事人": "disputant", "当事人电话": "disputant", "dsr": "disputant", "当事人数（当事人）": "disputant",
		// what is none of them
		"信访人次": "", "信访人数": "", "当事人数": "", "病虫害面积": "", "企业信用等级": "", "surface_area": "", "interface": "", "videos": "", "irish": "",
		"名称": "", "设备状态": "", "信用代码": "", "统一社会信用代码": "", "diagnostics": "",
	} {
		got := ""
		if k := c.Personal.ProhibitedKind(label); k != nil {
			got = k.Kind
		}
		if got != want {
			t.Errorf("label %q is of prohibited kind %q, want %q", label, got, want)
		}
	}
	for label, want := range map[string]string{
		"身份证号": "citizen_id", "负责人身份证号": "citizen_id", "sfzh": "citizen_id", "ID_CARD_NO": "citizen_id", "idCardNo": "citizen_id",
		"姓名": "person_name", "负责人": "person_name", "xm": "person_name", "fddbr": "person_name", "网格员": "person_name",
		"手机号": "mobile", "reporter_phone": "mobile", "银行卡号": "bank_card", "家庭住址": "home_address", "jtzz": "home_address",
		"办公电话": "", "办公地址": "", "网格员数": "", "xmmc": "", "项目名称": "", "名称": "", "name": "", "zzmc": "", "solid_card": "",
	} {
		got := ""
		if k := c.Personal.IdentifierKind(label); k != nil {
			got = k.Kind
		}
		if got != want {
			t.Errorf("label %q is an identifier of kind %q, want %q", label, got, want)
		}
	}
}
