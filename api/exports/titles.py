"""What columns are called in the heads of formatted tables, by language; a column that is not here keeps its name."""

from collections.abc import Mapping
from types import MappingProxyType

from geo.region import LANGUAGES

_TITLES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "kato": ("ӘАОЖ коды", "Код КАТО", "KATO code"),
        "name_kk": ("Атауы (қазақша)", "Название (казахское)", "Name (Kazakh)"),
        "name_ru": ("Атауы (орысша)", "Название (русское)", "Name (Russian)"),
        "name_en": ("Атауы (ағылшынша)", "Название (английское)", "Name (English)"),
        "kind": ("Түрі", "Вид", "Kind"),
        "district_kato": ("Ауданның ӘАОЖ коды", "Код КАТО района", "KATO code of the district"),
        "okrug_kato": ("Округтің ӘАОЖ коды", "Код КАТО округа", "KATO code of the okrug"),
        "is_okrug_centre": ("Округ орталығы", "Центр округа", "Centre of its okrug"),
        "population": ("Халық саны", "Население", "Population"),
        "population_low": ("Халық саны, төменгі шек", "Население, нижняя граница", "Population, low"),
        "population_high": ("Халық саны, жоғарғы шек", "Население, верхняя граница", "Population, high"),
        "population_basis": ("Халық санының негізі", "Основание численности", "Basis of the population"),
        "population_date": ("Халық санының күні", "Дата численности", "Date of the population"),
        "position_source": ("Орнының дереккөзі", "Источник положения", "Source of the position"),
        "service_class": ("Байланыс санаты", "Класс связи", "Service class"),
        "best_technology": ("Ең жақсы технология", "Лучшая технология", "Best technology"),
        "best_operator": ("Ең жақсы оператор", "Лучший оператор", "Best operator"),
        "signal_dbm": ("Сигнал, дБм", "Сигнал, дБм", "Signal, dBm"),
        "probability_served": ("Байланыс ықтималдығы", "Вероятность связи", "Probability of service"),
        "people_without": ("Байланыссыз тұрғындар", "Жители без связи", "People without service"),
        "nearest_served_km": (
            "Байланысы бар ең жақын елді мекенге дейін, км",
            "До ближайшего пункта со связью, км",
            "Nearest served settlement, km",
        ),
        "nearest_site_km": ("Ең жақын станцияға дейін, км", "До ближайшей станции, км", "Nearest site, km"),
        "nearest_road_km": ("Ең жақын жолға дейін, км", "До ближайшей дороги, км", "Nearest road, km"),
        "facilities": ("Мемлекеттік мекемелер", "Госучреждения", "Public institutions"),
        "score": ("Балл", "Балл", "Score"),
        "rank": ("Орын", "Место", "Rank"),
        "rank_low": ("Орын, төменгі шек", "Место, нижняя граница", "Rank, low"),
        "rank_high": ("Орын, жоғарғы шек", "Место, верхняя граница", "Rank, high"),
        "scenario": ("Сценарий", "Сценарий", "Scenario"),
        "basis": ("Негізі", "Основание", "Basis"),
        "as_of": ("Күні", "По состоянию на", "As of"),
        "reasons": ("Себептері", "Причины", "Reasons"),
        "indicator_people": ("Көрсеткіш: тұрғындар", "Показатель: жители", "Indicator: people"),
        "indicator_severity": ("Көрсеткіш: ауырлығы", "Показатель: тяжесть", "Indicator: severity"),
        "indicator_remoteness": ("Көрсеткіш: шалғайлық", "Показатель: отдалённость", "Indicator: remoteness"),
        "indicator_no_emergency_call": (
            "Көрсеткіш: шұғыл шақыру мүмкін емес",
            "Показатель: нет экстренного вызова",
            "Indicator: no emergency call",
        ),
        "indicator_institutions": (
            "Көрсеткіш: мемлекеттік мекемелер",
            "Показатель: госучреждения",
            "Indicator: institutions",
        ),
        "settlements": ("Елді мекендер", "Населённые пункты", "Settlements"),
        "gaps": ("Байланысы расталмаған елді мекендер", "Пункты без подтверждённой связи", "Gaps"),
        "share_without": ("Байланыссыз тұрғындар үлесі", "Доля жителей без связи", "Share of people without service"),
        "road_km": ("Жолдар, км", "Дороги, км", "Roads, km"),
        "road_covered_share": ("Байланысы бар жолдар үлесі", "Доля дорог со связью", "Share of roads covered"),
        "operator": ("Оператор", "Оператор", "Operator"),
        "technology": ("Технология", "Технология", "Technology"),
        "threshold_dbm": ("Сигнал шегі, дБм", "Порог сигнала, дБм", "Signal threshold, dBm"),
        "downlink_mbps": ("Жүктеу жылдамдығы, Мбит/с", "Скорость загрузки, Мбит/с", "Downlink, Mbit/s"),
        "source": ("Дереккөзі", "Источник", "Source"),
        "site_id": ("Станция", "Станция", "Site"),
        "cell_id": ("Сектор", "Сектор", "Cell"),
        "band_mhz": ("Жиілік, МГц", "Частота, МГц", "Band, MHz"),
        "bandwidth_mhz": ("Жолақ ені, МГц", "Ширина полосы, МГц", "Bandwidth, MHz"),
        "eirp_dbm": ("ЭИСҚ, дБм", "ЭИИМ, дБм", "EIRP, dBm"),
        "pattern": ("Антенна бағыттылығы", "Диаграмма антенны", "Antenna pattern"),
        "height_m": ("Биіктігі, м", "Высота, м", "Height, m"),
        "azimuth_deg": ("Азимут, °", "Азимут, °", "Azimuth, °"),
        "beamwidth_deg": ("Сәуле ені, °", "Ширина луча, °", "Beamwidth, °"),
        "tilt_deg": ("Еңкею бұрышы, °", "Наклон, °", "Tilt, °"),
        "status": ("Күйі", "Состояние", "Status"),
        "lon": ("Бойлық", "Долгота", "Longitude"),
        "lat": ("Ендік", "Широта", "Latitude"),
        "x": ("Шығысқа, м", "На восток, м", "Easting, m"),
        "y": ("Солтүстікке, м", "На север, м", "Northing, m"),
        "run": ("Нәтиже", "Результат", "Run"),
        "run_scenario": ("Нәтиже сценарийі", "Сценарий результата", "Scenario of the run"),
        "label": ("Белгі", "Пометка", "Label"),
    }
)
"""Titles by column name, in the order of `LANGUAGES`."""

_WORDS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "about": ("туралы", "о файле", "about"),
        "created_at": ("Есептелген уақыты", "Рассчитано", "Computed at"),
        "collection": ("Жинақ", "Набор", "Collection"),
        "rows": ("Жолдар саны", "Число строк", "Rows"),
        "crs": ("Координаттар жүйесі", "Система координат", "Coordinate reference system"),
        "credits": ("Деректер авторлары", "Источники данных", "Credits"),
    }
)


def column_title(name: str, language: str) -> str:
    """What a column is called in a language."""
    titles = _TITLES.get(name)
    return name if titles is None else titles[LANGUAGES.index(language)]


def word(name: str, language: str) -> str:
    """What is said of a file, in a language."""
    return _WORDS[name][LANGUAGES.index(language)]
