"""The page in a real browser."""
import hashlib

import cv2
import pytest

from tests.explorer.browser import browser_context, need_browser, serious
from tests.explorer.conftest import served


@pytest.fixture(scope='module')
def context():
    need_browser()
    with browser_context() as context:
        yield context


@pytest.fixture
def page(context, address):
    """The page, ready; a test that leaves an error in its console fails."""
    page = context.new_page()
    complaints = []
    page.on('console', lambda message: complaints.append(message.text) if message.type in ('error', 'warning') else None)
    page.on('pageerror', lambda error: complaints.append(str(error)))
    page.goto(address)
    page.wait_for_selector('body[data-ready]')
    wait_until_changed(page, None)
    page.complaints = complaints
    yield page
    page.close()
    assert complaints == []


def shown(page, card: int = 0) -> str:
    """A digest of the image that a card shows."""
    image = page.locator('.card').nth(card).locator('canvas.image').first
    return hashlib.sha256(image.evaluate('canvas => canvas.toDataURL()').encode()).hexdigest()


def wait_until_changed(page, before: str | None, card: int = 0) -> str:
    """What is shown once it is not ``before`` and has come to rest."""
    page.wait_for_function('() => document.querySelector(".card canvas.image").width > 1')
    for _ in range(200):
        now = shown(page, card)
        page.wait_for_timeout(50)
        if now != before and now == shown(page, card):
            return now
    raise AssertionError('the image did not change')


def wait_for_text(page, element, start: str) -> None:
    page.wait_for_function('([element, start]) => element.textContent.startsWith(start)', arg=[element.element_handle(), start])


def first_slider(page):
    return page.locator('.card').first.locator('.slider input').first


def test_a_slider_moves_the_image_by_keyboard_and_pointer_and_reset_restores_it(page):
    start = shown(page)
    first_slider(page).focus()
    for _ in range(30):
        page.keyboard.press('ArrowRight')
    by_key = wait_until_changed(page, start)
    box = first_slider(page).bounding_box()
    page.mouse.click(box['x'] + 3, box['y'] + box['height'] / 2)
    wait_until_changed(page, by_key)
    page.get_by_role('button', name='Reset').click()
    page.wait_for_timeout(200)
    assert wait_until_changed(page, None) == start
    assert first_slider(page).input_value() == '0'


def test_random_points_differ_and_two_kept_ones_are_joined(page):
    start = shown(page)
    card = page.locator('.card').first
    card.get_by_role('button', name='Keep as A').click()
    page.get_by_role('button', name='Random').click()
    other = wait_until_changed(page, start)
    path = card.get_by_role('slider', name='from A to B')
    assert path.is_disabled()
    card.get_by_role('button', name='Keep as B').click()
    path.focus()
    page.keyboard.press('ArrowRight')  # off A, where it stood
    page.keyboard.press('Home')
    assert wait_until_changed(page, other) == start
    page.keyboard.press('End')
    assert wait_until_changed(page, start) == other


def test_the_strip_is_that_of_the_dimension_under_pointer_or_focus(page):
    rows = page.locator('.card').first.locator('.slider:visible')
    caption = page.locator('.card').first.locator('figure.wide figcaption')
    labels = [rows.nth(i).locator('label') for i in range(rows.count())]
    names = [label.evaluate('label => label.firstChild.textContent') for label in labels]
    for i, name in enumerate(names):
        rows.nth(i).hover()
        wait_for_text(page, caption, f'{name} ')
    page.mouse.move(0, 0)
    rows.first.locator('input').focus()
    wait_for_text(page, caption, f'{names[0]} ')


def test_sliders_stay_within_the_prior_and_one_class_is_on(context, categorical_explorer):
    page = context.new_page()
    with served(categorical_explorer) as address:
        page.goto(address)
        page.wait_for_selector('body[data-ready]')
        start = wait_until_changed(page, None)

        def shown_r() -> list[float]:
            return [float(page.locator(f'output[for=r-0-{dim}]').inner_text()) for dim in range(7)]

        def press(dim: int, key: str) -> list[float]:
            page.locator(f'#r-0-{dim}').focus()
            page.keyboard.press(key)
            return shown_r()

        assert shown_r() == [1, 0, 0, 0, 0, 0, 0]
        assert press(3, 'End')[3] == 1 and press(6, 'End')[6] == 3
        caption = page.locator('figure.wide figcaption')
        wait_for_text(page, caption, 'r6 from -3 to 3 standard deviations of its prior, the others as they are')
        assert press(4, 'Home')[:5] == [1, 0, 0, 1, -1]
        wait_for_text(page, caption, 'r4 from -1 to 1, the others as they are')
        assert press(2, 'End')[:3] == [0, 0, 1]
        wait_for_text(page, caption, 'r2 off and on, the other codes as they are')
        assert [page.locator(f'#r-0-{dim}').input_value() for dim in range(3)] == ['0', '0', '1']
        assert press(2, 'Home')[:3] == [1, 0, 0]
        page.get_by_role('button', name='Reset').click()
        assert shown_r() == [1, 0, 0, 0, 0, 0, 0]
        page.wait_for_timeout(200)
        assert wait_until_changed(page, None) == start
        page.close()


def test_an_image_of_the_data_set_or_of_chosen_factors_is_encoded(page):
    start = shown(page)
    page.get_by_label('image 0 to').fill('5000')
    page.get_by_role('button', name='Encode').click()
    by_number = wait_until_changed(page, start)
    assert page.locator('#status').inner_text() == 'encoded image 5000'
    page.get_by_label('scale').focus()
    page.keyboard.press('End')
    wait_until_changed(page, by_number)
    assert page.get_by_role('img', name='Real image of the chosen factors').is_visible()


def test_sliders_name_the_factors_of_labelled_images(context, labelled_explorer):
    page = context.new_page()
    with served(labelled_explorer) as address:
        page.goto(address)
        page.locator('label', has_text='r1').get_by_text('follows told').wait_for()
        assert page.get_by_text('True factors').count() == 0
        page.close()


def test_an_upload_that_is_no_image_shows_an_error_and_the_server_lives(page, tmp_path):
    start = shown(page)
    (tmp_path / 'fake.png').write_text('no image')
    page.set_input_files('#upload', tmp_path / 'fake.png')
    page.wait_for_selector('#status.error')
    assert 'no image that can be read' in page.locator('#status').inner_text()
    page.complaints.clear()  # the browser notes the refused request
    cv2.imwrite(str(tmp_path / 'real.png'), cv2.circle(cv2.UMat(64, 64, 0).get(), (20, 20), 10, 255, -1))
    page.set_input_files('#upload', tmp_path / 'real.png')
    wait_until_changed(page, start)
    assert page.locator('#status').inner_text() == 'encoded the file'


def test_everything_is_reached_by_tab_and_nothing_hides_below_the_image_of_a_phone(page):
    page.set_viewport_size(dict(width=360, height=700))
    selector = 'button:enabled, input:enabled, summary'
    there = page.locator(selector).filter(visible=True).count()
    reached = set()
    for _ in range(there):
        page.keyboard.press('Tab')
        reached.add(page.evaluate('selector => [...document.querySelectorAll(selector)].indexOf(document.activeElement)', selector))
        page.wait_for_timeout(20)
        hidden = page.evaluate("""() => {
            const {left, top, width, height} = document.activeElement.getBoundingClientRect();
            return document.elementFromPoint(left + width / 2, top + height / 2)?.tagName === 'CANVAS' }""")
        assert not hidden
    assert len(reached - {-1}) == there


def test_another_page_can_not_drive_it(context, address):
    page = context.new_page()
    page.route('http://evil.example/', lambda route: route.fulfill(body='<p>evil</p>', content_type='text/html'))
    page.goto('http://evil.example/')
    script = '''async ([url, options]) => {
        try { return (await fetch(url, {method: 'POST', body: '{"seed": 0}', ...options})).status } catch { return 'refused' } }'''
    for options in ({}, {'headers': {'Content-Type': 'application/json'}}, {'mode': 'no-cors'}):
        assert page.evaluate(script, [f'{address}api/models/0/sample', options]) == 'refused'
    page.close()


def test_copy_and_snapshot(page):
    with page.expect_download() as download:
        page.locator('.card').first.get_by_role('button', name='Snapshot').click()
    image = cv2.imread(str(download.value.path()))
    assert image.shape == (16, 16, 3)
    page.locator('.card').first.get_by_role('button', name='Copy r').click()
    page.wait_for_function('() => /clipboard|r = \\[0,/.test(document.getElementById("status").textContent)')


@pytest.mark.parametrize('width', [360, 1440])
@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_nothing_overflows_and_axe_finds_nothing_serious(page, width, scheme):
    page.set_viewport_size(dict(width=width, height=900))
    page.emulate_media(color_scheme=scheme)
    page.get_by_role('button', name='Encode').click()
    page.wait_for_function('() => document.getElementById("status").textContent === "encoded image 0"')
    assert page.evaluate('document.documentElement.scrollWidth') <= width
    page.evaluate('document.querySelectorAll("details").forEach(each => { each.open = true })')
    assert serious(page) == []


