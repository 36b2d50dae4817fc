/**
 * Countries by ISO code: latitude and longitude of about the middle, degrees, and a radius that holds most of it, km. Rough on
 * purpose: only the distance that is certain is used. Countries that are missing have no distance to anywhere.
 */
const COUNTRIES =
  'AD 43 2 20|AE 24 54 250|AF 34 66 600|AL 41 20 150|AM 40 45 150|AO -12 18 800|AR -35 -65 1900|AT 47 14 300|AU -25 134 2200|AZ 40 48 250|' +
  'BA 44 18 200|BD 24 90 400|BE 51 4 150|BF 12 -2 450|BG 43 25 250|BH 26 51 30|BJ 9 2 350|BO -17 -65 750|BR -10 -53 2300|BW -22 24 550|' +
  'BY 53 28 350|CA 58 -100 2800|CD -3 23 1100|CF 7 21 650|CG -1 15 600|CH 47 8 200|CI 8 -6 400|CL -33 -71 2300|CM 6 12 600|CN 36 103 2700|' +
  'CO 4 -73 900|CR 10 -84 200|CU 22 -79 550|CY 35 33 120|CZ 50 15 270|DE 51 10 450|DJ 12 43 100|DK 56 10 250|DO 19 -70 200|DZ 28 3 1200|' +
  'EC -1 -78 1100|EE 59 25 200|EG 27 30 750|ER 15 39 450|ES 40 -4 1900|ET 9 40 800|FI 64 26 600|FJ -18 178 250|FR 46 2 600|GA -1 12 350|' +
  'GB 54 -2 550|GE 42 44 300|GH 8 -1 350|GN 10 -11 400|GR 39 22 450|GT 16 -90 250|GY 5 -59 400|HK 22 114 40|HN 15 -86 300|HR 45 16 300|' +
  'HT 19 -72 150|HU 47 19 270|ID -2 118 2600|IE 53 -8 230|IL 31 35 230|IN 22 79 1700|IQ 33 44 550|IR 32 53 1100|IS 65 -19 270|IT 42 12 650|' +
  'JM 18 -77 120|JO 31 36 250|JP 37 138 1700|KE 0 38 550|KG 41 75 450|KH 13 105 300|KR 36 128 300|KW 29 48 100|KZ 48 67 1600|LA 18 105 500|' +
  'LB 34 36 110|LI 47 10 20|LK 7 81 230|LT 55 24 200|LU 50 6 50|LV 57 25 230|LY 27 18 900|MA 32 -6 800|MC 44 7 10|MD 47 29 200|' +
  'ME 43 19 100|MG -19 47 850|MK 42 22 120|ML 17 -4 900|MM 21 96 1100|MN 47 104 1300|MO 22 114 20|MR 20 -10 800|MT 36 14 30|MU -20 58 60|' +
  'MX 23 -102 1800|MY 4 109 1100|MZ -18 35 1100|NA -22 17 800|NE 17 9 850|NG 9 8 700|NI 13 -85 280|NL 52 5 180|NO 64 12 1000|NP 28 84 450|' +
  'NZ -41 173 900|OM 21 57 550|PA 8 -80 330|PE -10 -75 1050|PG -6 145 700|PH 12 122 950|PK 30 70 900|PL 52 19 400|PT 40 -8 1600|PY -23 -58 500|' +
  'QA 25 51 100|RO 46 25 350|RS 44 21 270|RU 60 90 4500|RW -2 30 120|SA 24 45 1100|SD 16 30 950|SE 62 16 850|SG 1 104 30|SI 46 15 130|' +
  'SK 49 20 220|SN 14 -14 350|SO 6 46 850|SV 14 -89 130|SY 35 38 400|TD 15 19 900|TG 8 1 280|TH 15 101 850|TJ 39 71 350|TM 39 59 600|' +
  'TN 34 9 400|TR 39 35 850|TT 11 -61 80|TW 24 121 220|TZ -6 35 650|UA 49 31 700|UG 1 32 350|US 39 -98 2700|UY -33 -56 350|UZ 41 64 800|' +
  'VE 7 -66 850|VN 16 107 900|YE 16 47 600|ZA -29 25 850|ZM -13 28 750|ZW -19 30 450';

interface Circle {
  readonly latitude: number;
  readonly longitude: number;
  readonly radiusKm: number;
}

const BY_CODE: ReadonlyMap<string, Circle> = new Map(
  COUNTRIES.split('|').map((line) => {
    const [code, latitude, longitude, radiusKm] = line.split(' ');
    const [north, east] = [(Number(latitude) * Math.PI) / 180, (Number(longitude) * Math.PI) / 180];
    return [code, { latitude: north, longitude: east, radiusKm: Number(radiusKm) }];
  }),
);
const EARTH_KM = 6371;

/**
 * Kilometres that certainly lie between two countries: from middle to middle less both radii; 0 for neighbours, for the same
 * country and for codes that are not known. Large countries are certain of little, which is right.
 */
export function certainKm(from: string, to: string): number {
  const [a, b] = [BY_CODE.get(from), BY_CODE.get(to)];
  if (a === undefined || b === undefined || from === to) return 0;
  const half = (angle: number) => Math.sin(angle / 2) * Math.sin(angle / 2);
  const h =
    half(b.latitude - a.latitude) + Math.cos(a.latitude) * Math.cos(b.latitude) * half(b.longitude - a.longitude);
  const middleKm = 2 * EARTH_KM * Math.atan(Math.sqrt(h / Math.max(1e-12, 1 - h)));
  return Math.max(0, Math.floor(middleKm - a.radiusKm - b.radiusKm));
}
